/**
 * Tells the desktop's languages, best first, as gettext reads them: a list in `LANGUAGE`, else the first of the
 * variables for the language of messages that is set. Chromium does the same, so window and tray agree.
 */
export function preferredLanguages(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const list = (env['LANGUAGE'] ?? '').split(':').filter((language) => language !== '');
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined ? list : [...list, locale];
}
