// A Vitest reporter that leaves exact counts, and the reason of every skip, in the file named by BOWLINE_COUNTS_FILE.
import { writeFileSync } from 'node:fs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed tests, files that could not be loaded, and errors outside of any test
 * @property {{ name: string, reason: string }[]} skipped
 */

/** Vitest makes one per run; it looks for the default export. */
export default class CountsReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Counts} */
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      // Errors of the file itself or of a suite's hooks: no test shows them.
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed += 1;
        else if (result.state === 'skipped') {
          counts.skipped.push({ name: test.fullName, reason: result.note ?? 'see the name of the test' });
        } else counts.failed += 1;
      }
    }
    writeFileSync(/** @type {string} */ (process.env['BOWLINE_COUNTS_FILE']), JSON.stringify(counts));
  }
}
