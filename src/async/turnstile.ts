/** A place in a relay: when its turn comes, whether it has, and how to give it on. */
export interface Leg {
  turn: Promise<void>;
  hasCome: () => boolean;
  pass: () => void;
}

/** Lets those at work side by side go beyond some point one after the other, in the order in which they entered. */
export class Relay {
  #last: Promise<void> = Promise.resolve();

  enter(): Leg {
    const turn = this.#last;
    let pass: () => void = () => undefined;
    const passed = new Promise<void>((resolve) => {
      pass = resolve;
    });
    let hasCome = false;
    this.#last = turn.then(() => {
      hasCome = true;
      return passed;
    });
    return { turn, hasCome: () => hasCome, pass };
  }
}
