/** So much of something that is there for several at once; who comes first is served first. */
export class Budget {
  readonly size: number;
  #free: number;
  readonly #waiting: { amount: number; begin: () => void }[] = [];

  constructor(size: number) {
    this.size = size;
    this.#free = size;
  }

  /** Does some work as soon as there is enough for it. More than all there is waits until nobody else is at work. */
  async spend<T>(wanted: number, work: () => Promise<T>): Promise<T> {
    const amount = Math.min(wanted, this.size);
    await new Promise<void>((begin) => {
      this.#waiting.push({ amount, begin });
      this.#serve();
    });
    try {
      return await work();
    } finally {
      this.#free += amount;
      this.#serve();
    }
  }

  #serve(): void {
    for (let [next] = this.#waiting; next && next.amount <= this.#free; [next] = this.#waiting) {
      this.#waiting.shift();
      this.#free -= next.amount;
      next.begin();
    }
  }
}
