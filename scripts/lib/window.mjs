// Building the window with Vite: one page with its script, style and font.
import { build } from 'vite';
import { PROJECT_DIR } from './run.mjs';

/**
 * Builds src-renderer.
 * @param {string} outDir absolute
 * @param {string} version what the window says of itself
 */
export async function buildWindow(outDir, version) {
  await build({
    configFile: false,
    root: `${PROJECT_DIR}src-renderer`,
    // Addresses relative to the page: the same files are served over HTTP and opened from a package.
    base: './',
    logLevel: 'warn',
    define: { __BOWLINE_VERSION__: JSON.stringify(version) },
    build: {
      rolldownOptions: {
        // Marks of server components in packages mean nothing in a page.
        onLog: (level, log, handle) => log.code === 'MODULE_LEVEL_DIRECTIVE' || handle(level, log),
      },
      outDir,
      emptyOutDir: true,
      // Chromium of Debian 12's first release, Firefox ESR of the same year, and any Electron that is maintained.
      target: ['chrome120', 'firefox121'],
      // The page's rules allow no data: fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      sourcemap: false,
      // Before compression; a test holds the compressed size of the whole window.
      chunkSizeWarningLimit: 800,
    },
  });
}
