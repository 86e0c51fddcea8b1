import { buildCells, eachCell, pick } from './cells.ts';
import { known, mapValues, valueOf } from '../known.ts';
import { namesOf } from './payload.ts';
import type { NamedGroup, Payload } from './payload.ts';
import { isTopic } from './table.ts';

/** Some names of a page, by dimension. */
export type Names = Record<string, readonly string[]>;

/**
 * Keeps only the rows of some names in a payload. Removes people, and each table without the dimensions of those names.
 * The lists of names stay complete until `dropNames`.
 */
export function keepRows(payload: Payload, wanted: Names): Payload {
  const all = Object.entries(wanted).map(([field, names]) => [field, new Set(names)] as const);
  const tables = Object.entries(payload.tables).filter(([, { fields }]) =>
    all.every(([field]) => fields.includes(field)),
  );
  // A group stays on the page only with all of its names.
  const groups = payload.groups?.filter(({ field, names }) =>
    all.every(([own, kept]) => own !== field || names.every((name) => kept.has(name))),
  );
  return {
    ...payload,
    ...(groups && { groups }),
    people: null,
    tables: mapValues(Object.fromEntries(tables), (table) => {
      const codes = all.map(([field, names]) => {
        const kept = namesOf(payload, field).flatMap((name, code) => (names.has(name) ? [code] : []));
        return [table.fields.indexOf(field), new Set(kept)] as const;
      });
      const isKept = (cell: number[]) => codes.every(([at, kept]) => kept.has(pick(cell, at)));
      return { ...table, cells: buildCells(table.cells.sizes, [...eachCell(table.cells, isKept)]) };
    }),
  };
}

/** Removes from a payload the names that none of its rows has. The rest is ordered by its own sums, and keeps its colours. */
export function dropNames(payload: Payload): Payload {
  const { dimensions: all, tables } = payload;
  const sums = sumNames(payload);
  const events = payload.events
    .filter(({ event, step }) => step || sums.get('event')?.has(event))
    .map((kind, rank) => ({ ...kind, rank }));
  const dimensions = mapValues(Object.fromEntries(sums), (own, field) => {
    if (field === 'event') return events.map(({ event }) => event);
    const names = valueOf(all, field).filter((name) => own.has(name));
    return isTopic(field) ? orderTopics(own) : names;
  });
  const groups = payload.groups?.flatMap((group) => keepNames(group, dimensions));
  const places = mapValues(dimensions, (names) => new Map(names.map((name, code) => [name, code])));
  return {
    ...payload,
    dimensions,
    events,
    ...(groups && { groups }),
    topics: rankTopics(dimensions, new Map(payload.topics.map(({ name, color }) => [name, color]))),
    tables: mapValues(tables, ({ fields, cells, ...table }) => {
      const moved = [...eachCell(cells)].map((cell) => ({
        ...cell,
        codes: fields.map((field, at) =>
          known(valueOf(places, field).get(pick(valueOf(all, field), pick(cell.codes, at)))),
        ),
      }));
      const sizes = fields.map((field) => valueOf(dimensions, field).length);
      return { ...table, fields, cells: buildCells(sizes, moved) };
    }),
  };
}

/** Returns, for each dimension, the names that rows have, with the sums of the first table that has it. */
function sumNames({ dimensions, tables }: Payload): Map<string, Map<string, number>> {
  const sums = new Map<string, Map<string, number>>();
  for (const { fields, cells } of Object.values(tables))
    for (const [at, field] of fields.entries()) {
      const own = new Map<string, number>();
      for (const { codes, values } of eachCell(cells)) {
        const name = pick(valueOf(dimensions, field), pick(codes, at));
        const sum = Array.from(values).reduce((total, value) => total + value, 0);
        own.set(name, (own.get(name) ?? 0) + sum);
      }
      const first = sums.get(field);
      if (!first) sums.set(field, own);
      else for (const name of own.keys()) if (!first.has(name)) first.set(name, 0);
    }
  return sums;
}

/** Sorts topics by their sums, largest first; equal ones by code point. */
export function orderTopics(sums: ReadonlyMap<string, number>): string[] {
  return [...sums].sort(([a, x], [b, y]) => y - x || byCode(a, b)).map(([name]) => name);
}

/** Orders texts by their code points. */
export function byCode(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Gives a rank, and its colour, to each topic of the dimensions that hold topics. */
export function rankTopics(
  dimensions: Payload['dimensions'],
  colors: ReadonlyMap<string, string>,
): Payload['topics'] {
  const names = Object.entries(dimensions).flatMap(([field, all]) => (isTopic(field) ? all : []));
  return [...new Set(names)].map((name, rank) => ({ name, color: known(colors.get(name)), rank }));
}

/** Reduces a group to those of its names that exist; none when that leaves no group. */
export function keepNames(group: NamedGroup, dimensions: Payload['dimensions']): NamedGroup[] {
  const all = namesOf({ dimensions }, group.field);
  const wanted = new Set(group.names);
  const names = all.filter((name) => wanted.has(name));
  return names.length > 1 && names.length < all.length ? [{ ...group, names }] : [];
}

/**
 * Keeps only the rows of some names, for a copy of a page. Small groups were merged among all names, so their number
 * would tell about the others. Content made only for a page of some names goes, too, since its names may be others.
 */
export function keepAlone(payload: Payload, kept: Names): Payload {
  const own = keepRows(payload, kept);
  delete own.only;
  const merged = payload.merged && { ...payload.merged, groups: 0 };
  return dropNames({ ...own, merged, kept: mapValues(kept, (names) => [...names]) });
}
