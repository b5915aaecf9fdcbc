import { ruleSubjectSchema, type RuleSubject } from '../../../src-shared/model/app-rule.ts';

/** Kinds of rules that are typed in; those of apps are chosen in their rows. */
export const DRAFT_KINDS = ['exec', 'user', 'domain', 'network'] as const;
export type DraftKind = (typeof DRAFT_KINDS)[number];

/** What stands in the fields of a new rule. */
export interface RuleDraft {
  readonly kind: DraftKind;
  readonly text: string;
  /** Counts for networks only, like the port. */
  readonly protocol: 'any' | 'tcp' | 'udp';
  readonly port: string;
}

/** What a draft says, or the field that says nothing that can be meant. */
export type DraftReading =
  { readonly subject: RuleSubject } | { readonly subject: null; readonly wrong: 'text' | 'port' };

/** Reads a draft, with what people add to names and addresses taken off. */
export function readDraft({ kind, text, protocol, port }: RuleDraft): DraftReading {
  const typed = text.trim();
  switch (kind) {
    case 'exec':
      return checked({ kind, path: typed });
    case 'user':
      return checked({ kind, name: typed });
    case 'domain':
      return checked({ kind, name: domainIn(typed) });
    case 'network': {
      const network = { kind, network: networkIn(typed) };
      const digits = port.trim();
      if (digits === '') return checked({ ...network, ...protocolOf(protocol) });
      const whole = checked({ ...network, ...protocolOf(protocol), port: Number(digits) });
      const isPortWrong = whole.subject === null && checked(network).subject !== null;
      return isPortWrong ? { subject: null, wrong: 'port' } : whole;
    }
  }
}

function checked(subject: unknown): DraftReading {
  const reading = ruleSubjectSchema.safeParse(subject);
  return reading.success ? { subject: reading.data } : { subject: null, wrong: 'text' };
}

function protocolOf(protocol: RuleDraft['protocol']): { protocol?: 'tcp' | 'udp' } {
  return protocol === 'any' ? {} : { protocol };
}

/** The host in an address of the web, or in a name with a star or a dot in front; in the letters that resolvers use. */
function domainIn(text: string): string {
  const name = text.replace(/^(\*?\.)/, '').replace(/\.$/, '');
  const address = /^[a-z]+:\/\//i.test(name) ? name : `http://${name}`;
  if (!URL.canParse(address)) return '';
  const { hostname } = new URL(address);
  // Numbers and colons: an address, which is no domain.
  return /^[\d.]+$|^\[/.test(hostname) ? '' : hostname;
}

/** A single address is a network of one. */
function networkIn(text: string): string {
  if (text.includes('/')) return text;
  return `${text}/${text.includes(':') ? 128 : 32}`;
}
