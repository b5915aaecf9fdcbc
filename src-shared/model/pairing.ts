import * as z from 'zod';

/** A pairing code as people type it: eight digits, perhaps with spaces or dashes between groups. */
export const pairingCodeSchema = z
  .string()
  .max(32)
  .transform((text) => text.replaceAll(/[\s-]/g, ''))
  .pipe(z.string().regex(/^\d{8}$/, 'the code has eight digits; `bowline-box pair` shows it'));

/** Writes a code in two groups, which are easier to read across a room: `1234 5678`. */
export function formatPairingCode(code: string): string {
  return `${code.slice(0, 4)} ${code.slice(4)}`;
}

/** The code that a box shows. */
export const shownCodeSchema = z.object({
  code: z.string().regex(/^\d{8}$/),
  expiresAt: z.iso.datetime(),
  /** Of the box's key, to be compared with what the laptop says. */
  fingerprint: z.string(),
});
export type ShownCode = z.infer<typeof shownCodeSchema>;
