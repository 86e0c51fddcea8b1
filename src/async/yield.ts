import { setImmediate } from 'node:timers/promises';

/** Gives way to what else is to be done, when it has not for some milliseconds. */
export class Turn {
  #since = performance.now();

  async pass(): Promise<void> {
    if (performance.now() - this.#since < 5) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
