import * as z from 'zod';
import { linkNameSchema } from '../model/link.ts';

/*
 * The cables of a virtual home, which only the demo has: the program that plays the home serves the window itself, and
 * its pages may pull cables over the connection that they have with it. The daemon knows nothing of this, and `bowline ui`
 * and the app serve windows without cables.
 */

/** How a cable is: usable, without carrier, or with a carrier that nothing passes. */
export const cableConditionSchema = z.enum(['up', 'carrier-lost', 'silent']);
export type CableCondition = z.infer<typeof cableConditionSchema>;

/** A cable, or a radio's reach, of one link. */
export interface Cable {
  readonly link: string;
  readonly condition: CableCondition;
}

/** A page asks for a cable to be brought into a condition. */
export const cableRequestSchema = z.object({
  type: z.literal('cable'),
  link: linkNameSchema,
  condition: cableConditionSchema,
});
