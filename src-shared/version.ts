/** Set by the build; programs that run from their sources have no version of their own. */
declare const __BOWLINE_VERSION__: string | undefined;

/** Version of this program, such as `0.1.0`. */
export const VERSION: string = typeof __BOWLINE_VERSION__ === 'string' ? __BOWLINE_VERSION__ : '0.0.0-source';
