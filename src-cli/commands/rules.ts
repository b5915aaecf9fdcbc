import { domainToASCII } from 'node:url';
import { alignColumns } from '../../src-shared/command-line/columns.ts';
import {
  ruleSubjectSchema,
  type RuleAction,
  type RuleFacility,
  type RuleProblem,
  type RulesReport,
  type RuleSubject,
} from '../../src-shared/model/app-rule.ts';
import type { CommandContext, CommandOutcome } from '../command-context.ts';

/** What a rule is about, as options say it. */
export interface SubjectOptions {
  readonly app?: string | undefined;
  readonly exec?: string | undefined;
  readonly cgroup?: string | undefined;
  readonly user?: string | undefined;
  readonly domain?: string | undefined;
  readonly network?: string | undefined;
  readonly protocol?: 'tcp' | 'udp' | undefined;
  readonly port?: number | undefined;
}

/** Lists the rules and what each one does now. */
export async function showRules({ client, isJson, print }: CommandContext): Promise<CommandOutcome> {
  const answer = await client.call('rules.list', {});
  if (!answer.ok) return answer.error;
  print(isJson ? JSON.stringify(answer.value) : rulesText(answer.value));
  return null;
}

/** Adds a rule, or gives the one about this subject another action. */
export async function addRule(
  { client, print, isJson }: CommandContext,
  subject: RuleSubject,
  action: RuleAction,
): Promise<CommandOutcome> {
  const answer = await client.call('rules.add', { subject, action });
  if (!answer.ok) return answer.error;
  print(isJson ? JSON.stringify(answer.value) : `${answer.value.id}: ${subjectText(subject)} ${action}`);
  return null;
}

/** Removes a rule. */
export async function removeRule({ client, print }: CommandContext, id: string): Promise<CommandOutcome> {
  const answer = await client.call('rules.remove', { id });
  if (!answer.ok) return answer.error;
  print(`${id}: removed`);
  return null;
}

/** Puts this process, and so what it starts, under an action. */
export async function enterAction({ client }: CommandContext, action: RuleAction): Promise<CommandOutcome> {
  const answer = await client.call('rules.enter', { action });
  return answer.ok ? null : answer.error;
}

/** The subject that options name, or what is wrong with them. */
export function subjectOf(options: SubjectOptions): RuleSubject | string {
  const { app, exec, cgroup, user, domain, network, protocol, port } = options;
  const subjects = [
    ...(app === undefined ? [] : [{ kind: 'app', id: app.replace(/\.desktop$/, '') }]),
    ...(exec === undefined ? [] : [{ kind: 'exec', path: exec }]),
    ...(cgroup === undefined ? [] : [{ kind: 'cgroup', path: cgroup }]),
    ...(user === undefined ? [] : [{ kind: 'user', name: user }]),
    ...(domain === undefined ? [] : [{ kind: 'domain', name: domainIn(domain) }]),
    ...(network === undefined ? [] : [{ kind: 'network', network: withLength(network), protocol, port }]),
  ];
  const [subject] = subjects;
  if (subject === undefined) return 'name what the rule is about, such as --app ID or --exec PATH';
  if (subjects.length > 1) return 'a rule is about one thing; add one rule for each';
  if (network === undefined && (protocol ?? port) !== undefined)
    return '--protocol and --port go with --network';
  const checked = ruleSubjectSchema.safeParse(subject);
  return checked.success ? checked.data : (checked.error.issues[0]?.message ?? 'invalid');
}

/** A domain in the letters that name servers use, without what people write around it; empty where it is none. */
function domainIn(text: string): string {
  return domainToASCII(text.replace(/^\*?\.|\.$/g, ''));
}

/** A single address is a network, too. */
function withLength(network: string): string {
  if (network.includes('/')) return network;
  return `${network}/${network.includes(':') ? 128 : 32}`;
}

function rulesText({ rules, missing }: RulesReport): string {
  if (rules.length === 0)
    return ['There are no rules: everything goes one way.', ...missing.map(missingText)].join('\n');
  const rows = rules.map(({ id, subject, action, processes, toRestart, problem }) => [
    id,
    subjectText(subject),
    action,
    String(processes),
    problem === null ? restartText(toRestart) : PROBLEMS[problem],
  ]);
  return [
    ...alignColumns([['Rule', 'About', 'Action', 'Processes', ''], ...rows]),
    ...missing.map(missingText),
  ].join('\n');
}

function restartText(count: number): string {
  return count === 0
    ? ''
    : `${count} of them keep open connections where they are; restart them to move those`;
}

function subjectText(subject: RuleSubject): string {
  switch (subject.kind) {
    case 'app':
      return `app ${subject.id}`;
    case 'exec':
      return subject.path;
    case 'cgroup':
      return `group ${subject.path}`;
    case 'user':
      return `user ${subject.name}`;
    case 'domain':
      return subject.name;
    case 'network':
      return [
        subject.network,
        subject.protocol,
        subject.port === undefined ? undefined : `port ${subject.port}`,
      ]
        .filter((part) => part !== undefined)
        .join(' ');
  }
}

const PROBLEMS: Readonly<Record<RuleProblem, string>> = {
  unsupported: 'not possible on this system; bowline doctor says what helps',
  'app-not-installed': 'not installed',
  'no-such-user': 'no such user',
  'no-such-cgroup': 'no such group at the moment',
  'link-away': 'its link is away: its programs wait',
  'no-tunnel': 'there is no tunnel: as without Bowline',
  'no-answer-yet': 'no program has been heard to ask for it; bowline doctor says more',
};

function missingText(facility: RuleFacility): string {
  return `Missing on this system: ${facility}; bowline doctor says what helps.`;
}
