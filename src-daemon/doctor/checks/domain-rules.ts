import { type Check, fine, type Subject, warning, broken } from '../check.ts';

/** Tells whether the answers that rules about domains need are heard, and what may hide them. */
export function domainRulesCheck({ domains }: Pick<Subject, 'domains'>): Check {
  return {
    name: 'domain-rules',
    look: async () => {
      const { rules } = domains;
      if (rules.domains.length === 0) return fine('no rule is about a domain');
      if (rules.failure !== null)
        return broken(`answers cannot be heard: ${rules.failure}`, 'start the service as it was installed');
      const unheard = rules.domains.filter((domain) => rules.isUnheard(domain));
      const hidden = await encryptedQuestions(domains);
      const [first] = hidden;
      if (unheard.length === 0) {
        return fine(
          first === undefined
            ? 'answers about every domain of a rule have been heard'
            : `answers about every domain of a rule have been heard; besides, ${first.evidence}`,
        );
      }
      const evidence = `no program has been heard to ask for ${listed(unheard)}`;
      if (first === undefined) return fine(`${evidence} yet, and no encrypted question has been seen`);
      return warning(
        `${evidence}, and ${hidden.map(({ evidence: text }) => text).join('; ')}`,
        hidden.map(({ fix }) => fix).join('; '),
      );
    },
  };
}

interface HiddenQuestions {
  readonly evidence: string;
  readonly fix: string;
}

async function encryptedQuestions(domains: Subject['domains']): Promise<readonly HiddenQuestions[]> {
  const sockets = domains.sockets();
  const overTls = sockets.filter(({ remotePort }) => remotePort === TLS_PORT);
  const overHttps = sockets.filter(
    ({ remote, remotePort }) => remotePort === 443 && isPublicResolver(remote),
  );
  const isResolvedEncrypting = await domains.isResolvedEncrypting();
  return [
    ...(overHttps.length === 0
      ? []
      : [
          {
            evidence: `there are connections to ${remotes(overHttps)}, as browsers have them that ask over HTTPS`,
            fix: 'switch off DNS over HTTPS in the browser, or add a rule about the networks of the domain instead',
          },
        ]),
    ...(isResolvedEncrypting
      ? [
          {
            evidence: 'systemd-resolved encrypts its questions',
            fix: 'put dns in place of resolve in the line hosts: of /etc/nsswitch.conf: then programs ask at 127.0.0.53, where answers are heard, and what leaves this machine stays encrypted',
          },
        ]
      : []),
    ...(overTls.length === 0 || isResolvedEncrypting
      ? []
      : [
          {
            evidence: `there are connections to ${remotes(overTls)} for encrypted questions (port 853)`,
            fix: 'let programs ask a resolver on this machine, which may encrypt its own questions, or add a rule about the networks of the domain instead',
          },
        ]),
  ];
}

const TLS_PORT = 853;

/**
 * Addresses at which nothing but name servers answers: those of the resolvers that browsers offer. A list can never be
 * whole; it is there to name the usual reason, not to find every one.
 */
const PUBLIC_RESOLVERS = new Set([
  ...['1.1.1.1', '1.0.0.1', '2606:4700:4700::1111', '2606:4700:4700::1001'],
  ...['162.159.61.4', '172.64.41.4', '2803:f800:53::4', '2a06:98c1:52::4'],
  ...['8.8.8.8', '8.8.4.4', '2001:4860:4860::8888', '2001:4860:4860::8844'],
  ...['9.9.9.9', '149.112.112.112', '2620:fe::fe', '2620:fe::9'],
  ...['94.140.14.14', '94.140.15.15', '45.90.28.0', '45.90.30.0'],
]);

function isPublicResolver(address: string): boolean {
  return PUBLIC_RESOLVERS.has(address);
}

function remotes(sockets: readonly { readonly remote: string }[]): string {
  return [...new Set(sockets.map(({ remote }) => remote))].slice(0, 3).join(', ');
}

function listed(domains: readonly string[]): string {
  return domains.length <= 3 ? domains.join(', ') : `${domains.length} domains of rules`;
}
