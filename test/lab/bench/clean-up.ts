/** Remembers how to undo what was done, and undoes it last first. */
export class CleanUp {
  readonly #steps: (() => Promise<unknown> | void)[] = [];

  add(step: () => Promise<unknown> | void): void {
    this.#steps.push(step);
  }

  /**
   * Undoes everything, also what follows a step that failed. A second call finds nothing left to do.
   *
   * @throws AggregateError with everything that failed.
   */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `clean up: ${failures.join('; ')}`);
  }
}
