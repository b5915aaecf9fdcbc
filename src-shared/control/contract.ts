import * as z from 'zod';
import {
  MAX_APPS,
  MAX_RULES,
  appIdSchema,
  appRuleSchema,
  appUsageSchema,
  installedAppSchema,
  ruleActionSchema,
  ruleIdSchema,
  ruleSubjectSchema,
  rulesReportSchema,
} from '../model/app-rule.ts';
import { boxStatusSchema, peerNameSchema, peerStatusSchema } from '../model/box-status.ts';
import { doctorCheckSchema } from '../model/doctor.ts';
import { pairingCodeSchema, shownCodeSchema } from '../model/pairing.ts';
import { foundBoxSchema, MAX_FOUND_BOXES } from '../model/found-box.ts';
import {
  lanAccessSchema,
  linkNameSchema,
  linkPrioritySchema,
  linkStatusSchema,
  meteredChoiceSchema,
} from '../model/link.ts';
import { boxIdentitySchema, daemonStatusSchema, ipv6AccessSchema, modeSchema } from '../model/status.ts';
import { portalCheckSchema, wifiPowerSaveSchema } from '../model/settings.ts';
import { timelineQuerySchema, timelineSchema } from '../model/timeline.ts';
import type { Result } from '../util/result.ts';
import type { ControlError } from './error.ts';

/*
 * The contract is one value. Handlers, clients and fakes take their types from it, and both ends check every message
 * against it, so that a method is written twice at most: its schema here and its handler.
 *
 * Events carry whole snapshots. Subscribing is a method of its own; the first event after its answer is the snapshot
 * of that moment, and a subscriber that reads slowly misses intermediate snapshots, never the last one.
 */

/**
 * What a caller has to be allowed to do, each including the ones before it. `look`: see state. `switch`: steer what is
 * set up, with nothing that one more click does not undo. `configure`: decide whom to trust.
 */
export const RIGHTS = ['look', 'switch', 'configure'] as const;
export type Right = (typeof RIGHTS)[number];

/** Parameters and result of one method, and the right that it takes to call it. */
export interface MethodSchema {
  readonly right: Right;
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}

/** Payload of one event and the method that subscribes to it. */
export interface EventSchema {
  readonly subscribe: string;
  readonly payload: z.ZodType;
}

/** Everything that one end may ask of the other. */
export interface Contract {
  readonly name: string;
  readonly methods: Readonly<Record<string, MethodSchema>>;
  readonly events: Readonly<Record<string, EventSchema>>;
}

export type EventName<C extends Contract> = keyof C['events'] & string;
export type MethodName<C extends Contract> = Exclude<
  keyof C['methods'] & string,
  C['events'][EventName<C>]['subscribe']
>;
export type MethodParams<C extends Contract, M extends MethodName<C>> = z.infer<C['methods'][M]['params']>;
export type MethodResult<C extends Contract, M extends MethodName<C>> = z.infer<C['methods'][M]['result']>;
export type EventPayload<C extends Contract, E extends EventName<C>> = z.infer<C['events'][E]['payload']>;

/** Who calls a method. Who may not call it at all does not reach its handler. */
export interface Caller {
  /** The most that this caller may do. */
  readonly right: Right;
  /** The process that connected, and its user, as the kernel vouches for them; null if it does not. */
  readonly pid: number | null;
  readonly uid: number | null;
}

/** One handler for each method; subscribing is the server's own business. */
export type Handlers<C extends Contract> = {
  readonly [M in MethodName<C>]: (
    params: MethodParams<C, M>,
    caller: Caller,
  ) => Promise<Result<MethodResult<C, M>, ControlError>> | Result<MethodResult<C, M>, ControlError>;
};

/** The snapshot that a new subscriber of each event gets first. */
export type Snapshots<C extends Contract> = {
  readonly [E in EventName<C>]: () => EventPayload<C, E>;
};

const nothing = z.object({});

/** Which failure the built-in test plays: the carrier goes, or the link silently stops passing datagrams. */
export const unplugKindSchema = z.enum(['carrier', 'silent']);
export type UnplugKind = z.infer<typeof unplugKindSchema>;

/** What the built-in unplug test measured. */
export const unplugReportSchema = z.object({
  link: linkNameSchema,
  kind: unplugKindSchema,
  /** The link that took over. */
  to: linkNameSchema,
  gapMicros: z.number().nonnegative(),
  packetsReplayed: z.number().int().nonnegative(),
  packetsLost: z.number().int().nonnegative(),
});
export type UnplugReport = z.infer<typeof unplugReportSchema>;

/** What the laptop's daemon answers. */
export const daemonContract = {
  name: 'daemon',
  methods: {
    'status.get': { right: 'look', params: nothing, result: daemonStatusSchema },
    'status.subscribe': { right: 'look', params: nothing, result: nothing },
    /** `now` (only with `wanted: false`) ends open tunnel connections rather than waiting for their end. */
    'connection.setWanted': {
      right: 'switch',
      params: z.object({ wanted: z.boolean(), now: z.boolean().optional() }),
      result: nothing,
    },
    /** Sends everything over all links for half a minute, so that the cable can be pulled. */
    'connection.leave': { right: 'switch', params: nothing, result: z.object({ until: z.iso.datetime() }) },
    'wifi.setPowerSave': {
      right: 'switch',
      params: z.object({ powerSave: wifiPowerSaveSchema }),
      result: nothing,
    },
    /** The page may be any: the daemon would fetch it for whoever may set it. */
    'portal.setCheck': {
      right: 'configure',
      params: z.object({ check: portalCheckSchema }),
      result: nothing,
    },
    'mode.set': { right: 'switch', params: z.object({ mode: modeSchema }), result: nothing },
    /** For connections that start from then on. */
    'ipv6.set': { right: 'switch', params: z.object({ access: ipv6AccessSchema }), result: nothing },
    'links.list': { right: 'look', params: nothing, result: z.object({ links: z.array(linkStatusSchema) }) },
    'link.setPriority': {
      right: 'switch',
      params: z.object({ name: linkNameSchema, priority: linkPrioritySchema }),
      result: nothing,
    },
    'link.setMetered': {
      right: 'switch',
      params: z.object({ name: linkNameSchema, metered: meteredChoiceSchema }),
      result: nothing,
    },
    /** How hosts of the laptop's own networks are reached; for connections that start from then on. */
    'lan.set': { right: 'switch', params: z.object({ access: lanAccessSchema }), result: nothing },
    /** What happened, for weeks back. */
    'timeline.list': { right: 'look', params: timelineQuerySchema, result: timelineSchema },
    /** Without `link`, the carrying link is tested. */
    'test.unplug': {
      right: 'switch',
      params: z.object({ link: linkNameSchema.optional(), kind: unplugKindSchema }),
      result: unplugReportSchema,
    },
    /**
     * `box` is `auto` or `HOST[:PORT]`. Paired means protected: protection is switched on. To replace the box that is
     * paired by another one takes the right to configure.
     */
    'pairing.pair': {
      right: 'switch',
      params: z.object({ box: z.string().min(1).max(300), code: pairingCodeSchema }),
      result: z.object({ box: boxIdentitySchema }),
    },
    /** Forgets the box, and the box this laptop if it can be told. */
    'pairing.unpair': { right: 'configure', params: nothing, result: nothing },
    /** Searches the links for boxes; what they say of themselves is not proven. */
    'boxes.find': {
      right: 'look',
      params: z.object({ timeoutMillis: z.number().int().min(100).max(10_000) }),
      result: z.object({ boxes: z.array(foundBoxSchema).max(MAX_FOUND_BOXES) }),
    },
    'rules.list': { right: 'look', params: nothing, result: rulesReportSchema },
    /** A rule about the same subject is replaced, and keeps its id. */
    'rules.add': {
      right: 'switch',
      params: z.object({ subject: ruleSubjectSchema, action: ruleActionSchema }),
      result: appRuleSchema,
    },
    'rules.remove': { right: 'switch', params: z.object({ id: ruleIdSchema }), result: nothing },
    /** All rules at once, as an export has them. */
    'rules.replace': {
      right: 'switch',
      params: z.object({
        rules: z.array(z.object({ subject: ruleSubjectSchema, action: ruleActionSchema })).max(MAX_RULES),
      }),
      result: nothing,
    },
    /** Puts the calling process, and what it starts, under an action without any rule: `bowline run`. */
    'rules.enter': { right: 'switch', params: z.object({ action: ruleActionSchema }), result: nothing },
    'apps.list': {
      right: 'look',
      params: nothing,
      result: z.object({ apps: z.array(installedAppSchema).max(MAX_APPS) }),
    },
    /** A picture as a `data:` address, 64 KiB at most; null if there is none. */
    'apps.icon': {
      right: 'look',
      params: z.object({ id: appIdSchema }),
      result: z.object({ icon: z.string().startsWith('data:image/').max(90_000).nullable() }),
    },
    'apps.usage': {
      right: 'look',
      params: nothing,
      result: z.object({ usage: z.array(appUsageSchema).max(MAX_APPS) }),
    },
    'doctor.run': {
      right: 'switch',
      params: z.object({ fix: z.boolean() }),
      result: z.object({ checks: z.array(doctorCheckSchema) }),
    },
  },
  events: {
    'status.changed': { subscribe: 'status.subscribe', payload: daemonStatusSchema },
  },
} as const satisfies Contract;
export type DaemonContract = typeof daemonContract;

/** What the box answers. */
export const boxContract = {
  name: 'box',
  methods: {
    'box.status': { right: 'look', params: nothing, result: boxStatusSchema },
    'box.peers': { right: 'look', params: nothing, result: z.object({ peers: z.array(peerStatusSchema) }) },
    'box.revoke': { right: 'configure', params: z.object({ name: peerNameSchema }), result: nothing },
    'box.rename': {
      right: 'configure',
      params: z.object({ name: peerNameSchema, newName: peerNameSchema }),
      result: nothing,
    },
    /** Shows a new code in place of the one before: whoever reads it can pair. */
    'box.pair': { right: 'configure', params: nothing, result: shownCodeSchema },
    'box.key': {
      right: 'look',
      params: nothing,
      result: z.object({ publicKey: z.string(), fingerprint: z.string() }),
    },
  },
  events: {},
} as const satisfies Contract;
export type BoxContract = typeof boxContract;
