import { expect, test } from 'vitest';
import { datagramRates } from '../../../lab/bench/iperf.ts';

test('datagrams that the server missed count as sent and not as arrived, those at the end too', () => {
  const rates = datagramRates(report({ sent: 480_000, highestSeen: 470_000, lost: 270_000, seconds: 4 }));

  expect(rates).toEqual({ sentPerSecond: 120_000, arrivedPerSecond: 50_000 });
});

test('a run that failed is told in the words of iperf3', () => {
  expect(() => datagramRates('{"end":{},"error":"unable to connect to server"}')).toThrow(
    'iperf3: unable to connect to server',
  );
  expect(() => datagramRates('{"end":{}}')).toThrow('iperf3: no result');
  expect(() => datagramRates('iperf3: command line\n')).toThrow('iperf3 said iperf3: command line');
  expect(() => datagramRates('')).toThrow('iperf3 said nothing');
});

interface Counts {
  readonly sent: number;
  readonly highestSeen: number;
  readonly lost: number;
  readonly seconds: number;
}

/** What iperf3 3.12 prints at the end of a run, without what nobody reads. `sum` mixes the counts of both ends. */
function report({ sent, highestSeen, lost, seconds }: Counts): string {
  return JSON.stringify({
    end: {
      sum: { seconds: seconds + 0.1, packets: sent, lost_packets: lost },
      sum_sent: { seconds, packets: sent, lost_packets: 0 },
      sum_received: { seconds: seconds + 0.1, packets: highestSeen, lost_packets: lost },
    },
  });
}
