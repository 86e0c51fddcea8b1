import { buildCells, eachCell, moveCells, pick } from '../shared/data/cells.ts';
import type { Cell } from '../shared/data/cells.ts';
import { known, mapValues, valueOf } from '../shared/known.ts';
import { countedBy, namesOf, placesOf } from '../shared/data/payload.ts';
import type { DataTable, NamedGroup, Payload } from '../shared/data/payload.ts';
import type { CountedGroups, Returns, Withheld } from '../shared/people/returns.ts';
import { ownNames } from './columns.ts';
import { Groups } from './groups.ts';
import { paintTopics } from './tables.ts';

/** The names of what is merged, in the reader's language. */
interface MergedNames {
  topic: string;
  age: string;
}

/** The card topics merged into "other topics", and the ages of each topic merged into its "all other ages". */
interface Partition {
  topics: Set<number>;
  ages: (topic: number) => Set<number>;
}

/**
 * Merges small groups, so that a page reveals no individual. A group is a card topic × an age × a kind of event. It is
 * small when fewer than `least` different people are certain to be in it over the page's period.
 *
 * A topic's ages with a small group become its "all other ages"; topics that are still small become "other topics". A
 * merged group has two members at least; if still small, its smallest neighbour joins it.
 *
 * All rows are kept, so the sums over merged groups are unchanged, and no hidden cell follows by subtraction.
 *
 * @param least 1 changes nothing
 * @param people to judge groups by, when the page does not count them
 */
export function mergeSmall(
  payload: Payload,
  least: number,
  translate: (text: string) => string,
  people = payload.people,
): Payload {
  if (least < 2) return payload;
  const partition = divide(new Groups({ ...payload, people }, least));
  return relabel(payload, partition, least, {
    topic: translate(ownNames.topic),
    age: translate(ownNames.age),
  });
}

/** Groups of one kind or more, taken together. */
class Union {
  readonly #groups: Groups;
  /** The people certain to be in each kind of event, and the most that its groups may have. */
  readonly #kinds = new Map<number, { certain: number; most: number }>();

  constructor(groups: Groups, topics: Iterable<number>, ages: readonly number[] | null) {
    this.#groups = groups;
    for (const topic of topics) this.add(topic, ages);
  }

  add(topic: number, ages: readonly number[] | null): void {
    for (const kind of this.#groups.kinds) {
      const own = this.#groups.within(topic, ages, kind);
      if (own.length === 0) continue;
      const { certain, most } = this.#kinds.get(kind) ?? { certain: 0, most: 0 };
      this.#kinds.set(kind, {
        certain: Math.max(certain, this.#groups.certain(topic, own, kind)),
        most: most + this.#groups.most(topic, own, kind),
      });
    }
  }

  /** Tells whether a kind of event has too few people; all who did it are enough. */
  get isSmall(): boolean {
    return [...this.#kinds].some(([kind, { certain, most }]) => {
      const all = this.#groups.total(kind);
      return Math.max(certain, all.low - (all.most - most)) < all.enough;
    });
  }
}

function divide(groups: Groups): Partition {
  const merged = new Map<number, Set<number>>();
  const topics = new Set<number>();
  for (const topic of groups.topics) {
    const ages = mergeAges(groups, [topic]);
    if (ages) merged.set(topic, ages);
    else topics.add(topic);
  }
  const others = new Union(groups, topics, null);
  for (const next of groups.sort([...merged.keys()])) {
    if (topics.size !== 1 && !others.isSmall) break;
    topics.add(next);
    others.add(next, null);
  }
  const ages = mergeAges(groups, [...topics]) ?? new Set(groups.ages);
  return { topics, ages: (topic) => (topics.has(topic) ? ages : (merged.get(topic) ?? new Set())) };
}

/** Lists the ages to merge across some topics; null when there is only one, or all of them have too few people. */
function mergeAges(groups: Groups, topics: number[]): Set<number> | null {
  const present = groups.agesOf(topics);
  const merged = new Set(present.filter((age) => new Union(groups, topics, [age]).isSmall));
  const isEnough = () =>
    merged.size === 0 || (merged.size > 1 && !new Union(groups, topics, [...merged]).isSmall);
  for (const next of present) {
    if (isEnough()) break;
    merged.add(next);
  }
  return isEnough() ? merged : null;
}

/** Relabels the payload. */
function relabel(payload: Payload, partition: Partition, least: number, names: MergedNames): Payload {
  const { people } = payload;
  const groups = [...listGroups(countedBy(payload, 'users'))];
  const pairs = [...listGroups(countedBy(payload, 'events')), ...groups];
  const labels = label(payload, partition, pairs, names);
  const dimensions = { ...payload.dimensions, item_topic: labels.items, age_segment: labels.ages };
  return {
    ...payload,
    dimensions,
    topics: paintTopics(dimensions),
    tables: mapValues(payload.tables, ({ cells, fields, measure }) => ({
      fields,
      measure,
      cells: moveCells(
        cells,
        fields.map((field) => valueOf(dimensions, field).length),
        mover(fields, labels),
      ),
    })),
    people: people && withhold(people, labels, [labels.items.length, labels.ages.length]),
    ...(payload.groups && { groups: keepGroups(payload.groups, dimensions) }),
    merged: { least, groups: groups.filter((pair) => labels.isMerged(...pair)).length },
  };
}

/** Keeps the groups without merged names; a partial group would pass for a whole one. */
function keepGroups(groups: readonly NamedGroup[], dimensions: Payload['dimensions']): NamedGroup[] {
  return groups.filter(({ field, names }) =>
    names.every((name) => valueOf(dimensions, field).includes(name)),
  );
}

const pair = ['item_topic', 'age_segment'];

/** The card topic and the age of each cell. */
function* listGroups({ cells, fields }: DataTable): Generator<[topic: number, age: number]> {
  const [topic, age] = placesOf(fields, pair) as [number, number];
  for (const { codes } of eachCell(cells)) yield [pick(codes, topic), pick(codes, age)];
}

/** Moves the codes of a table. Without topics, it merges the ages of all topics; without ages, likewise. */
function mover(fields: readonly string[], labels: Labels): (codes: number[]) => number[] {
  const [topicAt, ageAt] = pair.map((field) => fields.indexOf(field)) as [number, number];
  const codeAt = (codes: number[], at: number) => (at < 0 ? null : pick(codes, at));
  return (codes) => {
    const [topic, age] = labels.of(codeAt(codes, topicAt), codeAt(codes, ageAt));
    return codes.map((code, at) => (at === topicAt ? known(topic) : at === ageAt ? known(age) : code));
  };
}

/** The names in the order of their codes, merged ones last, and the new positions of topics and ages. */
interface Labels {
  items: string[];
  ages: string[];
  isMerged: (topic: number, age: number) => boolean;
  of: (topic: number | null, age: number | null) => [topic: number | null, age: number | null];
  /** The codes of a scope of people, as in `Returns`; null when it would reveal part of a merged group. */
  scopeOf: (topic: number, age: number) => [topic: number, age: number] | null;
  withheld: Withheld;
  /** The named groups that are shown: those without any merging, because the rest would follow by subtraction. */
  groups: CountedGroups | undefined;
}

function label(
  payload: Payload,
  partition: Partition,
  pairs: [number, number][],
  names: MergedNames,
): Labels {
  const [items, ages] = pair.map((field) => namesOf(payload, field)) as [string[], string[]];
  const isAgeMerged = (topic: number, age: number) => partition.ages(topic).has(age);
  const agesWhere = (merged: boolean) =>
    new Set(pairs.filter((pair) => isAgeMerged(...pair) === merged).map(([, age]) => age));
  const [own, partly] = [agesWhere(false), agesWhere(true)];
  const keptTopics = [...items.keys()].filter((topic) => !partition.topics.has(topic));
  const keptAges = [...ages.keys()].filter((age) => own.has(age));
  const [topicAt, ageAt] = [keptTopics, keptAges].map(
    (kept) => new Map([[-1, -1], ...kept.map((code, place): [number, number] => [code, place])]),
  ) as [Map<number, number>, Map<number, number>];
  const [hasTopics, hasAges] = [partition.topics.size > 0, partly.size > 0];
  const groups = payload.people?.groups;
  const [ofTopics, ofAges] = [
    keepWhole(groups?.topics, topicAt, (topic) => partition.ages(topic).size === 0),
    keepWhole(groups?.ages, ageAt, (age) => !partly.has(age)),
  ];
  for (const [at, { from }] of ofTopics.entries())
    topicAt.set(items.length + from, keptTopics.length + Number(hasTopics) + at);
  for (const [at, { from }] of ofAges.entries())
    ageAt.set(ages.length + from, keptAges.length + Number(hasAges) + at);
  const nameOf = (list: string[], kept: number[], more: string[]) => [
    ...kept.map((code) => known(list[code])),
    ...more,
  ];
  return {
    items: nameOf(items, keptTopics, hasTopics ? [names.topic] : []),
    ages: nameOf(ages, keptAges, hasAges ? [names.age] : []),
    isMerged: (topic, age) => partition.topics.has(topic) || isAgeMerged(topic, age),
    of: (topic, age) => [
      topic === null ? null : partition.topics.has(topic) ? keptTopics.length : known(topicAt.get(topic)),
      age === null
        ? null
        : (topic === null ? partly.has(age) : isAgeMerged(topic, age))
          ? keptAges.length
          : known(ageAt.get(age)),
    ],
    scopeOf: (topic, age) => {
      const isTold =
        (topic === 0 || !partition.topics.has(topic - 1)) &&
        (age === 0 || !(topic === 0 ? partly.has(age - 1) : isAgeMerged(topic - 1, age - 1)));
      const [topicCode, ageCode] = [topicAt.get(topic - 1), ageAt.get(age - 1)];
      return isTold && topicCode !== undefined && ageCode !== undefined ? [topicCode + 1, ageCode + 1] : null;
    },
    withheld: {
      topic: hasTopics ? keptTopics.length + 1 : null,
      age: hasAges ? keptAges.length + 1 : null,
      partly: keptAges.flatMap((age, at) => (partly.has(age) ? [at + 1] : [])),
    },
    groups: groups && {
      topics: ofTopics.map(({ places }) => places),
      ages: ofAges.map(({ places }) => places),
    },
  };
}

/** Selects the groups whose names all stay whole: their old indices, and the new ones of their names. */
function keepWhole(
  groups: readonly number[][] = [],
  at: ReadonlyMap<number, number>,
  isWhole: (name: number) => boolean,
): { from: number; places: number[] }[] {
  return groups.flatMap((names, from) =>
    names.every((name) => at.has(name) && isWhole(name))
      ? [{ from, places: names.map((name) => known(at.get(name))) }]
      : [],
  );
}

/** Removes the scopes of people that would reveal part of a merged group. The rest is exact. */
function withhold(people: Returns, labels: Labels, sizes: number[]): Returns {
  const told = [...eachCell(people.cells)].flatMap((cell): Cell[] => {
    const [topic, age, ...rest] = cell.codes as [number, number, ...number[]];
    const scope = labels.scopeOf(topic, age);
    return scope ? [{ ...cell, codes: [...scope, ...rest] }] : [];
  });
  const { groups } = labels;
  const [topics, ages] = [groups?.topics, groups?.ages].map(
    (own, at) => 1 + known(sizes[at]) + (own?.length ?? 0),
  ) as [number, number];
  return {
    ...people,
    withheld: labels.withheld,
    ...(groups && { groups }),
    cells: buildCells([topics, ages, ...people.cells.sizes.slice(2)], told),
  };
}
