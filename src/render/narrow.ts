import { ZenError } from '../errors.ts';
import { buildCells, eachCell, pick } from '../shared/data/cells.ts';
import { known, mapValues, valueOf } from '../shared/known.ts';
import { namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import type { Translate } from '../shared/text/messages.ts';
import { callName, uncallName } from './columns.ts';
import { keepNames, orderNames, orderKinds, paintTopics } from './tables.ts';

/** The names that a page shows alone, by their dimension: as the log has them, an empty one for those that are missing. */
export type Where = Record<string, string[]>;

/** The payload with the names that zen gives in another language. */
export function translateNames(payload: Payload, from: Translate, to: Translate): Payload {
  const rename = (names: string[]) => names.map((name) => callName(uncallName(name, from), to));
  const dimensions = mapValues(payload.dimensions, (names, field) =>
    field === 'event' ? names : rename(names),
  );
  const events = orderKinds(namesOf(payload, 'event'), to);
  const groups = payload.groups?.map((group) => ({ ...group, names: rename(group.names) }));
  return { ...payload, dimensions, events, topics: paintTopics(dimensions), ...(groups && { groups }) };
}

/** @throws ZenError `usage` for a dimension to choose by that the events, or the users, are not counted by */
export function requireDimensions({ counting, tables }: Payload, fields: readonly string[]): void {
  for (const name of Object.values(counting)) {
    const own = valueOf(tables, name).fields;
    const lacking = fields.find((field) => !own.includes(field));
    if (lacking !== undefined)
      throw new ZenError(
        'usage',
        `A page in zen.json chooses by “${lacking}”, which ${name} does not have. It has ${own.join(', ')}.`,
      );
  }
}

/**
 * Takes all rows out of a payload but those of some names. The lists of names stay, with those of others, until `dropNames`.
 */
export function narrow(payload: Payload, where: Where, translate: Translate): Payload {
  const wanted = Object.entries(where).map(
    ([field, names]) => [field, new Set(names.map((name) => callName(name, translate)))] as const,
  );
  const fields = Object.keys(where);
  requireDimensions(payload, fields);
  const isOfAll = ({ fields: own }: { fields: string[] }) => fields.every((field) => own.includes(field));
  const tables = Object.entries(payload.tables).filter(([, table]) => isOfAll(table));
  // A group is on the page with all of its names, or not at all.
  const groups = payload.groups?.filter(({ field, names }) =>
    wanted.every(([own, kept]) => own !== field || names.every((name) => kept.has(name))),
  );
  return {
    ...payload,
    only: where,
    ...(groups && { groups }),
    people: null,
    tables: mapValues(Object.fromEntries(tables), (table) => {
      const codes = wanted.map(([field, names]) => {
        const kept = namesOf(payload, field).flatMap((name, code) => (names.has(name) ? [code] : []));
        return [table.fields.indexOf(field), new Set(kept)] as const;
      });
      const isKept = (cell: number[]) => codes.every(([at, kept]) => kept.has(pick(cell, at)));
      return { ...table, cells: buildCells(table.cells.sizes, [...eachCell(table.cells, isKept)]) };
    }),
  };
}

/** A name of a page that the period has none of, with those that it has. */
export function findUnknown(
  payload: Payload,
  where: Where,
  translate: Translate,
): { field: string; name: string; known: string[] } | undefined {
  return Object.entries(where)
    .flatMap(([field, names]) => names.map((name) => ({ field, name, known: namesOf(payload, field) })))
    .find(({ name, known }) => !known.includes(callName(name, translate)));
}

/** The payload without the names that none of its rows has, in the order of what is left of them. */
export function dropNames(payload: Payload): Payload {
  const { dimensions: all, tables } = payload;
  const sums = new Map<string, Map<number, number>>();
  for (const { fields, cells } of Object.values(tables))
    for (const [at, field] of fields.entries()) {
      const own = new Map<number, number>();
      for (const { codes, values } of eachCell(cells)) {
        const sum = Array.from(values).reduce((total, value) => total + value, 0);
        own.set(pick(codes, at), (own.get(pick(codes, at)) ?? 0) + sum);
      }
      const first = sums.get(field);
      if (!first) sums.set(field, own);
      else for (const code of own.keys()) if (!first.has(code)) first.set(code, 0);
    }
  const found = mapValues(
    Object.fromEntries(sums),
    (own, field) => new Map([...own].map(([code, sum]) => [pick(valueOf(all, field), code), sum])),
  );
  const had = new Map(payload.events.map((kind) => [kind.event, kind.name]));
  const kinds = orderKinds([...(found.event?.keys() ?? [])], (text) => text);
  const events = kinds.map((kind) => ({ ...kind, name: had.get(kind.event) ?? kind.name }));
  const dimensions = mapValues(found, (own, field) => orderNames(field, own, events));
  const groups = payload.groups?.flatMap((group) => keepNames(group, dimensions));
  const places = mapValues(dimensions, (names) => new Map(names.map((name, code) => [name, code])));
  return {
    ...payload,
    dimensions,
    events,
    ...(groups && { groups }),
    topics: paintTopics(dimensions),
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
