import { describe, expect, it } from 'vitest';
import { MAX_RULES } from '../../../src-shared/model/app-rule.ts';
import { readRulesFile, writeRulesFile, type RuleWish } from '../../../src-shared/model/rules-file.ts';

const WISHES: readonly RuleWish[] = [
  { subject: { kind: 'app', id: 'org.example.Mail' }, action: 'only:wlan0' },
  { subject: { kind: 'network', network: '10.0.0.0/8', protocol: 'tcp', port: 443 }, action: 'direct' },
];

describe('a file of rules', () => {
  it('is read as it was written, without what belongs to one laptop', () => {
    const text = writeRulesFile(WISHES.map((wish) => ({ ...wish, id: 'r1', problem: null })));
    expect(text).not.toContain('r1');
    expect(readRulesFile(text)).toEqual({ ok: true, value: WISHES });
    expect(readRulesFile(writeRulesFile([]))).toEqual({ ok: true, value: [] });
  });

  it.each([
    ['', { kind: 'not-json' }],
    ['{"version":1,"rules":[', { kind: 'not-json' }],
    ['null', { kind: 'not-rules' }],
    ['[]', { kind: 'not-rules' }],
    ['{"rules":[]}', { kind: 'not-rules' }],
    ['{"version":1}', { kind: 'not-rules' }],
    ['{"version":1,"rules":{}}', { kind: 'not-rules' }],
    ['{"version":2,"rules":[]}', { kind: 'other-version' }],
    ['{"version":1,"rules":[{}]}', { kind: 'rule', number: 1 }],
    [
      JSON.stringify({ version: 1, rules: [WISHES[0], { ...WISHES[1], action: 'only:a b' }] }),
      { kind: 'rule', number: 2 },
    ],
    [
      JSON.stringify({ version: 1, rules: Array.from({ length: MAX_RULES + 1 }, () => WISHES[0]) }),
      { kind: 'too-many' },
    ],
  ])('is refused as a whole: %.40s', (text, error) => {
    expect(readRulesFile(text)).toEqual({ ok: false, error });
  });
});
