/**
 * Tells which app a service manager's group is of, by the names that desktops give it: `app-gnome-firefox-1234.scope`,
 * `app-flatpak-org.gnome.Maps-1234.scope`, `app-org.kde.kate@3f….service`, `snap.firefox.firefox-3f….scope`.
 *
 * @returns the id of its desktop entry, as far as the name tells it; null for a group of something else
 */
export function appOfUnit(unit: string): string | null {
  const snap = /^snap\.([^.]+)\.([^.]+?)[-.][0-9a-f]{8}-[0-9a-f-]{27}\.scope$/.exec(unit);
  if (snap !== null) return `${snap[1]}_${snap[2]}`;
  const parts = /^app-(.+)\.(scope|service)$/.exec(unit);
  if (parts === null) return null;
  const [, rest = '', type] = parts;
  // A service has what makes it unlike others behind an @, a scope behind the last dash; dashes of a name are escaped.
  const named = type === 'service' ? rest.split('@')[0]! : rest.slice(0, Math.max(0, rest.lastIndexOf('-')));
  const id = named.slice(named.lastIndexOf('-') + 1);
  return id === '' ? null : unescaped(id);
}

/** systemd writes what may not stand in a unit's name as `\x2d`. */
function unescaped(text: string): string {
  if (!text.includes('\\x')) return text;
  const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
