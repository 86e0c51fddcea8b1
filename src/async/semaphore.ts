/** A weighted semaphore, first come, first served. */
export class Semaphore {
  readonly size: number;
  #free: number;
  readonly #waiting: { amount: number; begin: () => void }[] = [];

  constructor(size: number) {
    this.size = size;
    this.#free = size;
  }

  /** Does `work` as soon as so much is free. Whoever wants more than there is waits until nobody else is at work. */
  async use<T>(wanted: number, work: () => Promise<T>): Promise<T> {
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
