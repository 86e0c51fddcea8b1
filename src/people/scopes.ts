import { missing } from '../shared/known.ts';
/** A card topic or every one of them, an age or every one, and one kind of event or either of two; null is a missing name, or an empty one. */
export interface Scope {
  every_topic: boolean;
  item_topic: string | null;
  every_age: boolean;
  age_segment: string | null;
  event: string | null;
  or_event: string | null;
}

type ScopeNames = Pick<Scope, 'item_topic' | 'age_segment' | 'event'>;

/** Two kinds of event, either of which counts: what tells how many people did both. */
const unions = [
  ['show', 'click'],
  ['show', 'view'],
] as const;

/** The scopes that a cell counts in, by number: its age's, and at the same place in `every` those of every age. */
export interface CellScopes {
  age: string | null;
  scopes: readonly number[];
  every: readonly number[];
}

/** The scopes that occur, and the cells (card topic × age × event), each with a number from 0 on. */
export class Scopes {
  readonly list: Scope[] = [];
  readonly cells: CellScopes[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #cells = new Map<string, number>();
  readonly #ages = new Map<number, Set<number>>();

  /** The number of a cell. */
  of(names: ScopeNames): number {
    const [item_topic, age, event] = [names.item_topic, names.age_segment, names.event].map(
      (name) => name || null,
    ) as [string | null, string | null, string | null];
    const key = `${item_topic ?? ''}\0${age ?? ''}\0${event ?? ''}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const number = (ages: Pick<Scope, 'every_age' | 'age_segment'>) =>
      listTopicScopes(item_topic, event).map((scope) => this.#numberOf({ ...scope, ...ages }));
    const own = {
      age,
      scopes: number({ every_age: false, age_segment: age }),
      every: number({ every_age: true, age_segment: null }),
    };
    for (const [place, every] of own.every.entries()) {
      const ages = this.#ages.get(every) ?? new Set();
      this.#ages.set(every, ages.add(own.scopes[place] ?? missing()));
    }
    this.#cells.set(key, this.cells.length);
    return this.cells.push(own) - 1;
  }

  /** Of a scope of every age, those of the ages; of another one, itself. */
  agesOf(number: number): number[] {
    return [...(this.#ages.get(number) ?? [number])];
  }

  #numberOf(scope: Scope): number {
    const key = JSON.stringify(scope);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.list.length);
    return this.list.push(scope) - 1;
  }
}

function listTopicScopes(
  item_topic: string | null,
  event: string | null,
): Omit<Scope, 'every_age' | 'age_segment'>[] {
  const either = unions.filter((union) => event !== null && (union as readonly string[]).includes(event));
  const kinds = [
    { event, or_event: null },
    ...either.map(([one, other]) => ({ event: one, or_event: other })),
  ];
  const topics = [
    { every_topic: true, item_topic: null },
    { every_topic: false, item_topic },
  ];
  return topics.flatMap((topic) => kinds.map((kind) => ({ ...topic, ...kind })));
}
