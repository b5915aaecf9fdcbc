import { describe, expect, it } from 'vitest';
import { readDraft, type RuleDraft } from '../../../src-renderer/features/apps/rule-draft.ts';

const draft = (kind: RuleDraft['kind'], text: string, more: Partial<RuleDraft> = {}): RuleDraft => ({
  kind,
  text,
  protocol: 'any',
  port: '',
  ...more,
});

describe('the fields of a new rule', () => {
  it.each([
    [draft('exec', ' /usr/bin/rsync '), { kind: 'exec', path: '/usr/bin/rsync' }],
    [draft('user', 'backup'), { kind: 'user', name: 'backup' }],
    [draft('domain', 'Example.COM.'), { kind: 'domain', name: 'example.com' }],
    [draft('domain', '*.example.com'), { kind: 'domain', name: 'example.com' }],
    [draft('domain', 'https://www.example.com/a?b'), { kind: 'domain', name: 'www.example.com' }],
    [draft('domain', 'bücher.example'), { kind: 'domain', name: 'xn--bcher-kva.example' }],
    [draft('network', '192.168.5.0/24'), { kind: 'network', network: '192.168.5.0/24' }],
    [draft('network', '192.168.5.1'), { kind: 'network', network: '192.168.5.1/32' }],
    [draft('network', '2001:db8::1'), { kind: 'network', network: '2001:db8::1/128' }],
    [
      draft('network', '10.0.0.0/8', { protocol: 'udp', port: ' 53 ' }),
      { kind: 'network', network: '10.0.0.0/8', protocol: 'udp', port: 53 },
    ],
  ])('%o are read', (typed, subject) => {
    expect(readDraft(typed)).toEqual({ subject });
  });

  it.each([
    [draft('exec', 'rsync'), 'text'],
    [draft('exec', ''), 'text'],
    [draft('user', 'Two Words'), 'text'],
    [draft('domain', '192.168.5.1'), 'text'],
    [draft('domain', '[2001:db8::1]'), 'text'],
    [draft('domain', 'a b'), 'text'],
    [draft('network', '192.168.5.0/33'), 'text'],
    [draft('network', 'example.com'), 'text'],
    [draft('network', '10.0.0.0/8', { port: '65536' }), 'port'],
    [draft('network', '10.0.0.0/8', { port: '1e3x' }), 'port'],
    [draft('network', 'x', { port: '0' }), 'text'],
  ])('%o are not, and the wrong one is named', (typed, wrong) => {
    expect(readDraft(typed)).toEqual({ subject: null, wrong });
  });

  it('leave out protocol and port where they mean nothing', () => {
    expect(readDraft(draft('user', 'backup', { protocol: 'tcp', port: 'x' }))).toEqual({
      subject: { kind: 'user', name: 'backup' },
    });
  });
});
