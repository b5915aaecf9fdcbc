import * as z from 'zod';
import { MAX_RULES, appRuleSchema } from './app-rule.ts';
import { lanAccessSchema, linkNameSchema, linkPrioritySchema, meteredChoiceSchema } from './link.ts';
import { ipv6AccessSchema, modeSchema } from './status.ts';

/** Version of the settings file that this program writes. */
export const SETTINGS_VERSION = 1;

export const wifiPowerSaveSchema = z.enum(['allow', 'avoid']);
export type WifiPowerSave = z.infer<typeof wifiPowerSaveSchema>;

/** `auto` asks for the page that NetworkManager asks for, and for none where it asks for none. */
export const portalCheckSchema = z.union([
  z.enum(['auto', 'off']),
  z.url({ protocol: /^http$/, error: 'not auto, off or an address that begins with http://' }).max(500),
]);
export type PortalCheck = z.infer<typeof portalCheckSchema>;

/**
 * What the user decided and what outlives a restart. The daemon alone writes it. Fields that this version does not
 * know are kept, so that going back a version and forward again loses nothing.
 */
export const settingsSchema = z.looseObject({
  version: z.literal(SETTINGS_VERSION),
  /** Whether protection is switched on. */
  wanted: z.boolean(),
  mode: modeSchema,
  ipv6: ipv6AccessSchema.default('tunnel'),
  /** Whether the radios of Wi-Fi links may doze while protection is on; absent means `allow`. */
  wifiPowerSave: wifiPowerSaveSchema.optional(),
  /** Whether links are looked at for networks that want a login: `auto`, `off`, or the page to ask for. */
  portalCheck: portalCheckSchema.optional(),
  /** Links that are not listed have the priority `auto`. */
  links: z.record(
    linkNameSchema,
    z.looseObject({
      priority: linkPrioritySchema,
      /** Whether data over the link costs money. */
      metered: meteredChoiceSchema.optional(),
      /** Hardware address, by which a link is known when it comes back under another name. */
      mac: z.string().optional(),
    }),
  ),
  lan: lanAccessSchema.default('direct'),
  /** What single programs and destinations do. */
  rules: z.array(appRuleSchema).max(MAX_RULES).default([]),
});
export type Settings = z.infer<typeof settingsSchema>;

/** Settings of a fresh installation: nothing on the system changes until somebody asks for it. */
export const DEFAULT_SETTINGS: Settings = {
  version: SETTINGS_VERSION,
  wanted: false,
  mode: 'seamless',
  ipv6: 'tunnel',
  links: {},
  lan: 'direct',
  rules: [],
};
