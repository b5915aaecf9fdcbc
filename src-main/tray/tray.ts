import type { MenuItemConstructorOptions, NativeImage } from 'electron';
import type { AppTray, ElectronApi } from '../electron-api.ts';
import { expectedPanel } from './panel.ts';
import type { TrayIcons } from './tray-icon.ts';
import { trayView, type TrayFacts, type TrayIntent, type TrayRow } from './tray-menu.ts';
import { trayShape } from './tray-shape.ts';

/** What the tray needs from around it. */
export interface TrayOptions {
  readonly icons: TrayIcons;
  /** `XDG_CURRENT_DESKTOP`. */
  readonly currentDesktop: string;
  readonly onIntent: (intent: TrayIntent) => void;
}

/**
 * Shows a status in the tray. Linux shows an item only with a menu and takes over a menu's rows only when it is set,
 * so each change sets a new one; clicks on the icon itself are a bonus that not every desktop delivers.
 */
export class StatusTray {
  readonly #electron: ElectronApi;
  readonly #options: TrayOptions;
  #tray: AppTray | null = null;
  #shownIcon = '';
  #shownMenu = '';
  #shownTooltip = '';

  constructor(electron: ElectronApi, options: TrayOptions) {
    this.#electron = electron;
    this.#options = options;
  }

  /** Shows the facts; what has not changed is left alone, or an open menu would close under the pointer. */
  render(facts: TrayFacts): void {
    const shape = trayShape(facts.status);
    const panel = expectedPanel(this.#options.currentDesktop, this.#electron.nativeTheme.shouldUseDarkColors);
    const view = trayView(facts);
    const icon = `${panel}/${shape}`;
    const isNewIcon = icon !== this.#shownIcon;
    const tray = this.#tray ?? this.#create(this.#options.icons.image(shape, panel));
    if (isNewIcon) tray.setImage(this.#options.icons.image(shape, panel));
    this.#shownIcon = icon;
    if (view.tooltip !== this.#shownTooltip) tray.setToolTip(view.tooltip);
    this.#shownTooltip = view.tooltip;
    const menu = JSON.stringify(view.rows);
    if (menu === this.#shownMenu && !isNewIcon) return;
    tray.setContextMenu(this.#electron.Menu.buildFromTemplate(view.rows.map((row) => this.#item(row))));
    this.#shownMenu = menu;
  }

  /** Takes the icon away. */
  close(): void {
    this.#tray?.destroy();
    this.#tray = null;
  }

  #create(image: NativeImage): AppTray {
    const tray = new this.#electron.Tray(image);
    tray.on('click', () => this.#options.onIntent({ kind: 'open' }));
    this.#tray = tray;
    return tray;
  }

  #item(row: TrayRow): MenuItemConstructorOptions {
    switch (row.kind) {
      case 'separator':
        return { type: 'separator' };
      case 'text':
        return { label: row.text, enabled: false };
      case 'action':
        return { label: row.text, enabled: row.isEnabled, click: () => this.#options.onIntent(row.intent) };
      case 'switch':
        return {
          type: 'checkbox',
          label: row.text,
          checked: row.isOn,
          enabled: row.isEnabled,
          click: () => {
            // The desktop has flipped the mark already; it has to show what is, not what is asked for.
            this.#shownMenu = '';
            this.#options.onIntent(row.intent);
          },
        };
      case 'submenu':
        return { label: row.text, submenu: row.rows.map((inner) => this.#item(inner)) };
    }
  }
}
