import '../src-shared/util/zod-without-eval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { VERSION } from '../src-shared/version.ts';
import { App } from './app.tsx';
import { findBridge } from './bridge/find-bridge.ts';
import { WindowModel } from './store/window-model.ts';
import './styles/base.css';
import './styles/tokens.css';
import 'uplot/dist/uPlot.min.css';
import { WindowContext } from './window-context.ts';

const model = new WindowModel(findBridge(VERSION), () => Date.now(), document);
model.start();
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) model.showMeasures();
});
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <WindowContext value={model}>
      <App />
    </WindowContext>
  </StrictMode>,
);
