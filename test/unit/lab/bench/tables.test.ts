import { expect, test } from 'vitest';
import type { Contender, ContenderName } from '../../../lab/bench/contender.ts';
import { FigureTable } from '../../../lab/bench/figures.ts';
import { renderTables } from '../../../lab/bench/tables.ts';

test('datagrams have a table for each way to send them, and the one that is capped says so', () => {
  const figures = new FigureTable(1);
  const cheap = { udpOfferedPerSecond: 120_000, udpArrivedPerSecond: 119_700 };
  figures.add('bowline', 0, {
    ...cheap,
    udpIperfOfferedPerSecond: 111_000,
    udpIperfArrivedPerSecond: 95_000,
  });
  figures.add('shadowsocks', 0, { tcpUpBitsPerSecond: 1e9 });

  const sections = renderTables(figures, [contender('bowline', true), contender('shadowsocks', false)]).split(
    '\n\n',
  );
  const [first = '', second = '', ...others] = sections.filter((section) => section.startsWith('Datagrams'));

  expect(others).toEqual([]);
  expect(first).toMatch(/one cheap sender[^]*bowline +120,000 +119,700 [^]*caps the multiples of this table/);
  expect(second).toMatch(/120,000 a second wanted, iperf3 at both ends\n[^]*bowline +111,000 +95,000 /);
  expect(first + second).not.toContain('shadowsocks');
});

function contender(name: ContenderName, carriesUdp: boolean): Contender {
  return {
    name,
    label: name,
    setting: '',
    carriesUdp,
    obstacle: () => null,
    version: async () => '',
    start: () => Promise.reject(new Error('not started here')),
  };
}
