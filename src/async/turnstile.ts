/** A turn at a turnstile: when it comes, whether it has, and how to let the next one through. */
export interface Turn {
  come: Promise<void>;
  hasCome: () => boolean;
  pass: () => void;
}

/** Lets those that work side by side pass a point one after the other, in the order in which they entered. */
export class Turnstile {
  #last: Promise<void> = Promise.resolve();

  enter(): Turn {
    const come = this.#last;
    let pass: () => void = () => undefined;
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    let hasCome = false;
    this.#last = come.then(() => {
      hasCome = true;
      return passed;
    });
    return { come, hasCome: () => hasCome, pass };
  }
}
