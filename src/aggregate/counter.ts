/** Counts pairs of whole numbers from 0 to 2³¹, of which there may be millions: a hash table with open addresses, in typed arrays. */
export class Counter {
  #groups = new Int32Array(1 << 12);
  #items = new Int32Array(1 << 12);
  #counts = new Uint32Array(1 << 12);
  #size = 0;

  add(group: number, item: number, count = 1): void {
    const mask = this.#counts.length - 1;
    const hash = Math.imul(Math.imul(group, 0x85ebca6b) ^ item, 0x9e3779b1);
    let at = (hash ^ (hash >>> 15)) & mask;
    while (this.#counts[at] !== 0 && (this.#items[at] !== item || this.#groups[at] !== group))
      at = (at + 1) & mask;
    if (this.#counts[at] === 0) {
      this.#groups[at] = group;
      this.#items[at] = item;
      this.#size++;
    }
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
    if (this.#size * 2 > mask) this.#grow();
  }

  #grow(): void {
    const held = [...this.entries()];
    const length = this.#counts.length * 4;
    [this.#groups, this.#items] = [new Int32Array(length), new Int32Array(length)];
    this.#counts = new Uint32Array(length);
    this.#size = 0;
    for (const [group, item, count] of held) this.add(group, item, count);
  }

  /** The pairs that were added, and how often, in no particular order. */
  *entries(): Generator<[group: number, item: number, count: number]> {
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] ?? 0;
      if (count > 0) yield [this.#groups[at] ?? 0, this.#items[at] ?? 0, count];
    }
  }
}
