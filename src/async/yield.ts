import { setImmediate } from 'node:timers/promises';

/** Yields to the event loop, at most every 5 ms. */
export class Yielder {
  #since = performance.now();

  async pass(): Promise<void> {
    if (performance.now() - this.#since < 5) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
