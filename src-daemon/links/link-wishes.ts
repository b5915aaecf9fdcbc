import type { LinkSnapshot } from '../../src-platform/index.ts';
import type { LinkPriority, MeteredChoice } from '../../src-shared/model/link.ts';
import type { Settings } from '../../src-shared/model/settings.ts';

/** What the user wants of the links that are there, by name. */
export interface LinkWishes {
  readonly priorities: ReadonlyMap<string, LinkPriority>;
  /** Links whose data costs money. */
  readonly metered: ReadonlySet<string>;
  /** What was said about that. */
  readonly meteredChoices: ReadonlyMap<string, MeteredChoice>;
}

type LinkSettings = Settings['links'][string];
type WishedLink = Pick<LinkSnapshot, 'name' | 'kind' | 'mac'>;

/**
 * Reads the wishes out of the settings. A link that has come back under another name, as adapters of a dock do, is
 * known by its hardware address as long as nothing else has its old name.
 *
 * @param knownMetered what a network manager knows about links being metered, where the user has not said it
 */
export function linkWishes(
  settings: Settings,
  links: readonly WishedLink[],
  knownMetered: ReadonlyMap<string, boolean> = new Map(),
): LinkWishes {
  const wishes = links.map((link) => ({ link, wish: settingsOf(settings, links, link) }));
  return {
    priorities: new Map(wishes.map(({ link, wish }) => [link.name, wish?.priority ?? 'auto'])),
    metered: new Set(
      wishes.filter(({ link, wish }) => isMetered(link, wish, knownMetered)).map(({ link }) => link.name),
    ),
    meteredChoices: new Map(wishes.map(({ link, wish }) => [link.name, wish?.metered ?? 'auto'])),
  };
}

/** The settings with one wish about a link added. */
export function withLinkWish(
  settings: Settings,
  links: readonly WishedLink[],
  name: string,
  wish: Partial<LinkSettings>,
): Pick<Settings, 'links'> {
  const link = links.find((candidate) => candidate.name === name);
  const before = link === undefined ? undefined : settingsOf(settings, links, link);
  const mac = link?.mac ?? null;
  return {
    links: {
      ...settings.links,
      [name]: { priority: 'auto', ...before, ...(mac === null ? {} : { mac }), ...wish },
    },
  };
}

function settingsOf(
  settings: Settings,
  links: readonly WishedLink[],
  { name, mac }: WishedLink,
): LinkSettings | undefined {
  const own = settings.links[name];
  if (own !== undefined || mac === null) return own;
  const former = Object.entries(settings.links).find(
    ([other, wish]) => wish.mac === mac && !links.some((link) => link.name === other),
  );
  return former?.[1];
}

function isMetered(
  { name, kind }: WishedLink,
  wish: LinkSettings | undefined,
  known: ReadonlyMap<string, boolean>,
): boolean {
  const choice = wish?.metered ?? 'auto';
  return choice === 'auto' ? (known.get(name) ?? kind === 'cellular') : choice === 'yes';
}
