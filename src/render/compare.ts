import { cellAt, codesAt, eachCell, pick } from '../shared/data/cells.ts';
import type { Cell } from '../shared/data/cells.ts';
import { countedBy, listTables, namesOf, placesOf } from '../shared/data/payload.ts';
import type { NamedCells, Payload } from '../shared/data/payload.ts';
import { missing } from '../shared/known.ts';
import { isoTime, minuteMs } from '../time.ts';

/** A difference between stated and actual contents. */
export interface Difference {
  name: string;
  /** The place where the actual value was found. */
  where: string;
  stated: string;
  found: string;
}

/** Describes a difference in a sentence. */
export function describeDifference({ name, where, stated, found }: Difference): string {
  if (name === 'page') return `The page was altered: its hash is ${found}, it states ${stated}.`;
  return `${name}: the page states ${stated}, ${where} has ${found}.`;
}

/** Lists the facts that differ from those stated. */
export function compareFacts(stated: object, found: object, where: string): Difference[] {
  const known = new Map<string, unknown>(Object.entries(stated));
  return Object.entries(found)
    .filter(([name, value]) => known.get(name) !== value)
    .map(([name, value]) => ({ name, where, stated: String(known.get(name)), found: String(value) }));
}

/**
 * Compares a page's tables row by row with those of another payload of the same period and steps. Rows match when
 * names, minute, value and count do; the order of names in the lists does not matter.
 *
 * @returns for each differing table, its first differing row and their number
 */
export function compareTables(page: Payload, other: Payload, where: string): Difference[] {
  const others = new Map(listTables(other).map((table) => [table.table, table]));
  const rows = listTables(page).flatMap((table) =>
    compareTable(table, others.get(table.table), page.start, where),
  );
  return [...rows, ...compareFacts(describeRest(page), describeRest(other), where)];
}

/**
 * Checks a page's event and user tables against each other, because whatever was shown, clicked or viewed is also an
 * event.
 *
 * For each minute, card topic and age, either neither has rows, or both do. Then the users of all kinds of event are at
 * least one a row, and no more than the events. This detects tables read from the log at different times.
 *
 * @returns the first differing minute, and the number of such minutes
 */
export function compareEvents(payload: Payload): Difference[] {
  const { start, end, counting } = payload;
  const first = Math.floor(start / minuteMs);
  const length = Math.ceil(end / minuteMs) - first;
  const [events, users] = [new Float64Array(length), new Float64Array(length)];
  const pairs = new Map<string, { own: number[]; others: number[] }>();
  const shared = ['item_topic', 'age_segment'];
  const [counted, reached] = [countedBy(payload, 'events'), countedBy(payload, 'users')];
  for (const [table, { fields, cells }] of [
    ['own', counted],
    ['others', reached],
  ] as const) {
    const places = placesOf(fields, shared);
    for (let cell = 0; cell + 1 < cells.offsets.length; cell++) {
      const codes = codesAt(cells, cell);
      const key = places.map((place) => pick(codes, place)).join();
      const pair = pairs.get(key) ?? { own: [], others: [] };
      pairs.set(key, pair);
      pair[table].push(cell);
    }
  }
  let count = 0;
  let told: Difference | undefined;
  for (const [key, places] of pairs) {
    const own = places.own.map((cell) => cellAt(counted.cells, cell));
    const others = places.others.map((cell) => cellAt(reached.cells, cell));
    for (const cell of own) addTo(events, cell, (value) => value);
    for (const cell of others) addTo(users, cell, Math.max);
    for (const { minutes } of [...own, ...others])
      for (let row = 0; row < minutes.length;) {
        const minute = minutes[row++] ?? missing();
        const [visited, seen] = [events[minute] ?? missing(), users[minute] ?? missing()];
        events[minute] = users[minute] = 0;
        if (seen <= visited && seen > 0 === visited > 0) continue;
        count++;
        const codes = key.split(',').map(Number);
        const names = shared.map((field, at) => `“${pick(namesOf(payload, field), pick(codes, at))}”`);
        told ??= {
          name: `${names.join(' × ')} at ${isoTime((first + minute) * minuteMs)}`,
          where: `dash_${counting.events}`,
          stated: `${seen === 0 ? 'no event' : `at least ${seen} events`} in dash_${counting.users}`,
          found: `${visited}`,
        };
      }
  }
  return tellFirst(told, count, 'minute');
}

/** Adds each row of a cell to the sums by minute, weighed by its value and the number of rows it stands for. */
function addTo(sums: Float64Array, cell: Cell, of: (value: number, count: number) => number): void {
  for (let row = 0; row < cell.minutes.length; row++) {
    const minute = cell.minutes[row] ?? missing();
    sums[minute] = (sums[minute] ?? missing()) + of(cell.values[row] ?? missing(), countOf(cell, row));
  }
}

/** Compares the meaning of people's rows, the merged groups, and the readers' names for kinds of event. */
function describeRest({ people, events, merged }: Payload): Record<string, string> {
  const kinds = events.map(({ event, name }) => `${event} (${name})`).join(', ');
  const groups = merged ? `${merged.groups} of fewer than ${merged.least} people` : 'none';
  if (!people) return { kinds, merged: groups };
  return { kinds, merged: groups, people: `steps of ${people.step}, reaches ${people.reaches.join()}` };
}

function compareTable(
  stated: NamedCells,
  found: NamedCells | undefined,
  start: number,
  where: string,
): Difference[] {
  if (!found) return [{ name: stated.table, where, stated: 'rows', found: 'none that can be shown' }];
  const others = nameCells(found);
  let count = 0;
  let first: Difference | undefined;
  const look = (names: string, own: Cell, other: Cell) => {
    for (const [minute, row, otherRow] of eachDifference(own, other)) {
      count++;
      const time = (Math.floor(start / minuteMs / stated.step) + minute) * stated.step * minuteMs;
      const name = `${stated.table}, ${names} at ${isoTime(time)}`;
      first ??= { name, where, stated: describeRow(own, row), found: describeRow(other, otherRow) };
    }
  };
  for (const [names, cell] of nameCells(stated)) {
    look(names, cell, others.get(names) ?? none);
    others.delete(names);
  }
  for (const [names, cell] of others) look(names, none, cell);
  return tellFirst(first, count, 'row');
}

/** Returns the first difference of a table, and their number. */
function tellFirst(first: Difference | undefined, count: number, what: 'row' | 'minute'): Difference[] {
  const told = count === 1 ? `the only ${what} that differs` : `the first of ${count} ${what}s that differ`;
  return first ? [{ ...first, name: `${first.name}, ${told}` }] : [];
}

const none: Cell = { codes: [], minutes: [], values: [] };

function nameCells({ names, cells }: NamedCells): Map<string, Cell> {
  const nameOf = (code: number, at: number) => `“${pick(pick(names, at), code)}”`;
  return new Map([...eachCell(cells)].map((cell) => [cell.codes.map(nameOf).join(' × '), cell]));
}

/** Lists the minutes in which two cells differ, and the row of each; -1 for none. */
function* eachDifference(own: Cell, other: Cell): Generator<[minute: number, own: number, other: number]> {
  for (let [a, b] = [0, 0]; a < own.minutes.length || b < other.minutes.length;) {
    const [x, y] = [own.minutes[a] ?? Infinity, other.minutes[b] ?? Infinity];
    if (x < y) yield [x, a++, -1];
    else if (y < x) yield [y, -1, b++];
    else {
      const isSame = pick(own.values, a) === pick(other.values, b) && countOf(own, a) === countOf(other, b);
      if (!isSame) yield [x, a, b];
      a++;
      b++;
    }
  }
}

function countOf({ counts }: Cell, row: number): number {
  return counts ? pick(counts, row) : 1;
}

function describeRow(cell: Cell, row: number): string {
  if (row < 0) return 'no row';
  const count = countOf(cell, row);
  return `${pick(cell.values, row)}${count === 1 ? '' : ` of ${count} rows`}`;
}
