import * as z from 'zod';

/*
 * To be imported before any schema is made, by programs whose rules forbid making code from text, as the window's page
 * does: zod tries that otherwise, and each try is reported as a breach.
 */
z.config({ jitless: true });
