/** A card topic or every one of them, an age or every one, and one kind of event or either of two; null is a missing name, or an empty one. */
export interface Scope {
  every_topic: boolean;
  item_topic: string | null;
  every_age: boolean;
  age_segment: string | null;
  event: string | null;
  or_event: string | null;
}

type Names = Pick<Scope, 'item_topic' | 'age_segment' | 'event'>;

/** Two kinds of event, either of which counts: what tells how many people did both. */
const unions = [
  ['show', 'click'],
  ['show', 'view'],
] as const;

/** The scopes that occur, each with a number. */
export class Scopes {
  readonly list: Scope[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #cells = new Map<string, number[]>();

  /** The numbers of the scopes that a cell counts in. */
  of({ item_topic, age_segment, event }: Names): number[] {
    const cell = JSON.stringify([item_topic || null, age_segment || null, event || null]);
    const known = this.#cells.get(cell);
    if (known) return known;
    const numbers = expand(item_topic || null, age_segment || null, event || null).map((scope) =>
      this.#numberOf(scope),
    );
    this.#cells.set(cell, numbers);
    return numbers;
  }

  #numberOf(scope: Scope): number {
    const key = JSON.stringify(scope);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.list.length);
    return this.list.push(scope) - 1;
  }
}

function expand(item_topic: string | null, age_segment: string | null, event: string | null): Scope[] {
  const either = unions.filter((union) => event !== null && (union as readonly string[]).includes(event));
  const kinds = [
    { event, or_event: null },
    ...either.map(([one, other]) => ({ event: one, or_event: other })),
  ];
  const topics = [
    { every_topic: true, item_topic: null },
    { every_topic: false, item_topic },
  ];
  const ages = [
    { every_age: true, age_segment: null },
    { every_age: false, age_segment },
  ];
  return topics.flatMap((topic) =>
    ages.flatMap((age) => kinds.map((kind) => ({ ...topic, ...age, ...kind }))),
  );
}
