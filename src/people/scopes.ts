import { listNamedGroups } from '../log/named-groups.ts';
import { missing } from '../shared/known.ts';

/**
 * A card topic, a group of them or every one; an age, a group or every one; and one kind of event or either of two. A null name is a
 * missing one, or an empty one. Where `every_…` is null, the name is the key of a group.
 */
export interface Scope {
  every_topic: boolean | null;
  item_topic: string | null;
  every_age: boolean | null;
  age_segment: string | null;
  event: string | null;
  or_event: string | null;
}

type ScopeNames = Pick<Scope, 'item_topic' | 'age_segment' | 'event'>;

/** A kind that stands for either of two events, which tells how many people did both. */
const unions = [
  ['show', 'click'],
  ['show', 'view'],
] as const;

/** The scopes that a cell counts in, by number: that of its age, and in `wider` those of its age's groups and of all ages. */
export interface CellScopes {
  age: string | null;
  scopes: readonly number[];
  wider: readonly number[];
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
    const number = ([every_age, age_segment]: Names) =>
      listTopicScopes(item_topic, event).map((scope) => this.#numberOf({ ...scope, every_age, age_segment }));
    const [scopes = [], ...wider] = listNames(age).map(number);
    for (const wide of wider)
      for (const [place, scope] of wide.entries()) {
        const ages = this.#ages.get(scope) ?? new Set();
        this.#ages.set(scope, ages.add(scopes[place] ?? missing()));
      }
    this.#cells.set(key, this.cells.length);
    return this.cells.push({ age, scopes, wider: wider.flat() }) - 1;
  }

  /** The scopes of each age that a scope of several has; of another one, itself. */
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
  return listNames(item_topic).flatMap(([every_topic, item_topic]) =>
    kinds.map((kind) => ({ every_topic, item_topic, ...kind })),
  );
}

/** Names that are counted together, as in a scope. */
type Names = [every: boolean | null, name: string | null];

/** The names that a name counts in: itself, all, and each group that contains it. */
function listNames(name: string | null): Names[] {
  const groups = listNamedGroups().filter(({ names }) => names.includes(name ?? ''));
  const keys = new Set(groups.map(({ key }) => key));
  return [[false, name], [true, null], ...[...keys].map((key): Names => [null, key])];
}
