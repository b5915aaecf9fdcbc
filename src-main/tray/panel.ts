/** The panel that an icon has to be seen on; `symbolic` is a grey that works on both. */
export const PANELS = ['light', 'dark', 'symbolic'] as const;
export type Panel = (typeof PANELS)[number];

/** Sides of the icons in pixels: what panels ask for at a scale of 1 to 2. */
export const TRAY_ICON_SIZES = [16, 22, 24, 32, 48] as const;
export type TrayIconSize = (typeof TRAY_ICON_SIZES)[number];

/** Desktops whose panel is dark whatever the colour scheme of windows is. */
const ALWAYS_DARK = ['gnome', 'unity', 'pantheon', 'budgie'];
/** Desktops whose panel follows the colour scheme. */
const FOLLOWS_SCHEME = ['kde', 'lxqt', 'cinnamon', 'xfce', 'mate', 'cosmic'];

/**
 * Says what panel to expect.
 *
 * @param currentDesktop `XDG_CURRENT_DESKTOP`: names separated by colons, such as `ubuntu:GNOME`
 */
export function expectedPanel(currentDesktop: string, isSchemeDark: boolean): Panel {
  const names = currentDesktop.toLowerCase().split(':');
  if (names.some((name) => ALWAYS_DARK.includes(name))) return 'dark';
  if (names.some((name) => FOLLOWS_SCHEME.includes(name))) return isSchemeDark ? 'dark' : 'light';
  return 'symbolic';
}
