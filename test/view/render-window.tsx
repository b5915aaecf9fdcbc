import { act, render } from '@testing-library/react';
import axe from 'axe-core';
import { expect } from 'vitest';
import { App } from '../../src-renderer/app.tsx';
import { WindowModel } from '../../src-renderer/store/window-model.ts';
import { WindowContext } from '../../src-renderer/window-context.ts';
import type { ControlError } from '../../src-shared/control/error.ts';
import type { DaemonStatus } from '../../src-shared/model/status.ts';
import { FakeBridge } from './fake-bridge.ts';

/** The wall clock of all view tests. */
export const NOW = new Date(2026, 10, 24, 14, 2, 30).getTime();

/** A window over a fake bridge. */
export interface RenderedWindow {
  readonly bridge: FakeBridge;
  readonly tell: (status: DaemonStatus) => Promise<void>;
  readonly lose: (error: ControlError) => Promise<void>;
  readonly close: () => void;
}

/** Renders the whole window, at a view, and waits until it has settled. */
export async function renderWindow(
  status: DaemonStatus | null,
  { view = 'overview', bridge = new FakeBridge() }: { view?: string; bridge?: FakeBridge } = {},
): Promise<RenderedWindow> {
  location.hash = `#/${view}`;
  const model = new WindowModel(bridge, () => NOW);
  const stop = model.start();
  const rendered = render(
    <WindowContext value={model}>
      <App />
    </WindowContext>,
  );
  const settle = (change: () => void): Promise<void> =>
    act(async () => {
      change();
      await Promise.resolve();
    });
  if (status !== null) await settle(() => bridge.tell(status));
  return {
    bridge,
    tell: (next) => settle(() => bridge.tell(next)),
    lose: (error) => settle(() => bridge.lose(error)),
    close: () => {
      stop();
      rendered.unmount();
    },
  };
}

/** Lets axe look at the page; jsdom draws nothing, so contrast is tested on the tokens and in the browser. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
}
