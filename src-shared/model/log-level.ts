import * as z from 'zod';

/** How much is logged; each level includes those before it. */
export const logLevelSchema = z.enum(['error', 'warn', 'info', 'debug']);
export type LogLevel = z.infer<typeof logLevelSchema>;
