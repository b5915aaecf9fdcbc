import * as z from 'zod';
import { fingerprintSchema } from '../../src-shared/model/found-box.ts';

/*
 * What a box says about itself on the local network (docs/protocol.md, "Discovery"). An instance of the service
 * `_bowline._udp` has a TXT record with the box's name, its key's fingerprint and the protocol version. Instance names
 * are only handles that have to differ: what people read is the name in the text.
 */

export const SERVICE_TYPE = '_bowline._udp';
export const SERVICE_DOMAIN = 'local';
export const SERVICE_NAME = `${SERVICE_TYPE}.${SERVICE_DOMAIN}`;

/** A box as it announces itself. */
export interface BoxService {
  /** 1 to 63 characters. */
  readonly name: string;
  readonly fingerprint: string;
  readonly protocol: number;
  readonly port: number;
}

/** What the text record of a box says. */
export interface BoxText {
  readonly name: string;
  readonly fingerprint: string;
  readonly protocol: number;
}

/** Longest label of a domain name, by its format. */
const MAX_LABEL_BYTES = 63;

/** Characters that change a line or the direction of text, or cannot be seen. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\uFFFD]/gu;

/** Makes a name safe to print in a line, and short; may end up empty. */
export function cleanName(text: string): string {
  return cutToBytes(text.replace(UNPRINTABLE, '').trim(), MAX_LABEL_BYTES).trim();
}

/**
 * The name by which a box is announced. Each conflict with another box adds a part of the fingerprint, which differs
 * from the other's: a name that is taken costs one more try, not a counting through of many.
 *
 * @param conflicts how often the names so far were taken; from 5 on the name has all of the fingerprint
 */
export function announcedName({ name, fingerprint }: BoxService, conflicts: number): string {
  const clean = cleanName(name) || 'box';
  if (conflicts === 0) return clean;
  const suffix = ` (${fingerprint.split('-').slice(0, conflicts).join('-')})`;
  return `${cutToBytes(clean, MAX_LABEL_BYTES - suffix.length).trim()}${suffix}`;
}

/** The label of the instance with this name. A dot would end it, for the codec and for tools that print names. */
export function instanceLabel(name: string): string {
  return name.replaceAll('.', '-');
}

/** Strings of the text record, each `key=value`. */
export function textStrings(service: BoxService, name: string): string[] {
  return [`name=${name}`, `fp=${service.fingerprint}`, `pv=${service.protocol}`];
}

/** Strings of a text record that are looked at; ours has three. */
const MAX_STRINGS = 16;

const textSchema = z.object({
  name: z.string().default(''),
  fp: fingerprintSchema,
  pv: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((version) => version <= 255),
});

/** Reads a text record; null where it is not one of a box. Never throws. */
export function parseText(strings: readonly Uint8Array[]): BoxText | null {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const bytes of strings.slice(0, MAX_STRINGS)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const separator = text.indexOf('=');
    if (separator <= 0) continue;
    // The first of several counts, whatever its case (RFC 6763, 6.4).
    values[text.slice(0, separator).toLowerCase()] ??= text.slice(separator + 1);
  }
  const parsed = textSchema.safeParse(values);
  if (!parsed.success) return null;
  const { name, fp: fingerprint, pv: protocol } = parsed.data;
  return { name: cleanName(name) || fingerprint, fingerprint, protocol };
}

/** Cuts at a whole character. */
function cutToBytes(text: string, maximum: number): string {
  let bytes = 0;
  let out = '';
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maximum) break;
    out += character;
  }
  return out;
}
