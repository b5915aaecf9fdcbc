import * as z from 'zod';

/** 4 or 6, as in IPv4 and IPv6. */
export const familySchema = z.union([z.literal(4), z.literal(6)]);
export type Family = z.infer<typeof familySchema>;

/**
 * One change of the system, written down before it is made. Entries say what belongs to this program rather than each
 * single command, so that a journal stays short however often routes change.
 */
export const journalEntrySchema = z.discriminatedUnion('kind', [
  /** A kernel setting: restored only while it still has the value that was written. */
  z.object({ kind: z.literal('sysctl'), path: z.string(), before: z.string(), written: z.string() }),
  /** A kernel setting that the kernel changes as a consequence of another: restored after that one was. */
  z.object({
    kind: z.literal('sysctl-consequence'),
    path: z.string(),
    before: z.string(),
    cause: z.string(),
  }),
  /** All rules of a priority range that carry our protocol number. */
  z.object({
    kind: z.literal('rules'),
    family: familySchema,
    firstPriority: z.number().int(),
    lastPriority: z.number().int(),
    protocol: z.number().int(),
  }),
  /** All routes of one table. */
  z.object({ kind: z.literal('route-table'), family: familySchema, table: z.number().int() }),
  /** One nftables table. */
  z.object({ kind: z.literal('nft-table'), family: z.string(), name: z.string() }),
  /** A Wi-Fi interface whose radio saved power before, and does not now. */
  z.object({ kind: z.literal('wifi-power-save'), interfaceName: z.string() }),
  /** Control groups by the beginning of their names, and the marks that a group named `...mark` stands for. */
  z.object({ kind: z.literal('control-groups'), prefix: z.string().min(1) }),
  /** One TUN device. */
  z.object({ kind: z.literal('tun'), name: z.string() }),
  /** One address on an interface. */
  z.object({
    kind: z.literal('address'),
    family: familySchema,
    interfaceName: z.string(),
    address: z.string(),
    prefixLength: z.number().int(),
  }),
]);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** First line of a journal: whose system state it describes, and who writes it. */
export const journalHeaderSchema = z.object({
  journal: z.literal(1),
  bootId: z.string(),
  networkNamespace: z.string(),
  pid: z.number().int(),
  /** Start of that process in clock ticks since boot, which tells it from a later one with the same id. */
  processStart: z.string(),
});
export type JournalHeader = z.infer<typeof journalHeaderSchema>;
