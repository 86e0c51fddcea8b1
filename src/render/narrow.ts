import { ZenError } from '../errors.ts';
import { mapValues, valueOf } from '../shared/known.ts';
import { keepRows } from '../shared/data/narrow.ts';
import { namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import type { Translate } from '../shared/text/messages.ts';
import { callName, uncallName } from './columns.ts';
import { orderKinds, paintTopics } from './tables.ts';

/** The names that a page is restricted to, by dimension: as in the log, empty for missing ones. */
export type Where = Record<string, string[]>;

/** Translates Zen's own names in the payload to another language. */
export function translateNames(payload: Payload, from: Translate, to: Translate): Payload {
  const rename = (names: string[]) => names.map((name) => callName(uncallName(name, from), to));
  const dimensions = mapValues(payload.dimensions, (names, field) =>
    field === 'event' ? names : rename(names),
  );
  const events = orderKinds(namesOf(payload, 'event'), to);
  const groups = payload.groups?.map((group) => ({ ...group, names: rename(group.names) }));
  return { ...payload, dimensions, events, topics: paintTopics(dimensions), ...(groups && { groups }) };
}

/** @throws ZenError `usage` for a dimension that the events, or the users, are not counted by */
export function requireDimensions(
  {
    counting,
    tables,
  }: { counting: Payload['counting']; tables: Record<string, { fields: readonly string[] }> },
  fields: readonly string[],
): void {
  for (const name of Object.values(counting)) {
    const own = valueOf(tables, name).fields;
    const lacking = fields.find((field) => !own.includes(field));
    if (lacking !== undefined)
      throw new ZenError(
        'usage',
        `A page in zen.json filters by “${lacking}”, which ${name} does not have. It has ${own.join(', ')}.`,
      );
  }
}

/** Keeps only the rows of some names in a payload. */
export function narrow(payload: Payload, where: Where, translate: Translate): Payload {
  requireDimensions(payload, Object.keys(where));
  const wanted = mapValues(where, (names) => names.map((name) => callName(name, translate)));
  return { ...keepRows(payload, wanted), only: where };
}

/** Lists the names of a page that the period lacks, each with those that it has. */
export function listUnknown(
  payload: Payload,
  where: Where,
  translate: Translate,
): { field: string; name: string; known: string[] }[] {
  return Object.entries(where).flatMap(([field, names]) => {
    const known = namesOf(payload, field);
    const unknown = names.filter((name) => !known.includes(callName(name, translate)));
    return unknown.map((name) => ({ field, name, known }));
  });
}
