import type { TopLevelSpec } from 'vega-lite';
import { ZenError } from '../errors.ts';
import type { EventKind, Topic } from '../shared/data/payload.ts';
import { rankOf } from '../shared/data/table.ts';
import { isOfPeople } from '../shared/people/sources.ts';
import type { StepChange } from '../shared/text/findings.ts';
import type { RatesBefore } from '../shared/topics.ts';
import type { LookUps } from '../shared/data/table.ts';
import { suggest } from '../suggest.ts';
import type { Window } from '../time.ts';
import type { DescribedTables, Json } from './panels.ts';

const lookUps: readonly string[] = [
  'topics',
  'events',
  'gaps',
  'silences',
  'labels',
  'baseline',
  'baselines',
  'changes',
  'ages_before',
  'topics_before',
  'compared',
  'spikes',
] satisfies (keyof LookUps)[];

/** The fields of the look-up tables. */
const lookUpFields: readonly string[] = [
  'name',
  'color',
  'tint',
  'layer',
  'rank',
  'step',
  'start',
  'end',
  'change',
  'before',
  'line',
  'caption',
  'rate',
  'clicks_before',
  'views_before',
] satisfies (
  | 'tint'
  | 'layer'
  | 'rate'
  | 'line'
  | 'caption'
  | keyof RatesBefore
  | keyof StepChange
  | keyof Topic
  | keyof EventKind
  | keyof Window
)[];

/**
 * Checks that a chart draws an existing aggregate, and no missing field: Vega-Lite would silently draw nothing.
 *
 * @param tables the aggregates that it may draw from
 * @throws ZenError `usage`, with the file's name, and the nearest existing name
 */
export function requireFields(name: string, spec: TopLevelSpec, tables: DescribedTables): void {
  const json = spec as unknown as Json;
  const sources = listSources(spec);
  const refuse = (why: string) => new ZenError('usage', `templates/charts/${name}.vl.json ${why}`);
  const unknown = sources.find((source) => !isSource(source, tables));
  if (unknown !== undefined) {
    const remedy = suggest(unknown, Object.keys(tables));
    throw refuse(`draws “${unknown}”, but no aggregate has that name. ${remedy}`);
  }
  if (sources.some(isOfPeople)) return; // Zen makes their rows
  const own = new Set(sources.flatMap((source) => listFields(tables[source])));
  const missing = findMissing(json, new Set([...own, ...lookUpFields]));
  if (missing !== undefined)
    throw refuse(`uses the field “${missing}”, which its data do not have. ${suggest(missing, [...own])}`);
}

/** Lists the data names that a specification draws from. */
export function listSources(spec: TopLevelSpec): string[] {
  return gather(spec as unknown as Json).sources;
}

/**
 * Finds a field that is used but neither in the data nor made by an earlier transform.
 *
 * @param there the existing fields; those that transforms make are added
 */
function findMissing(json: Json, there: Set<string>): string | undefined {
  if (json === null || typeof json !== 'object') return undefined;
  const isLacking = ({ used }: Names) => used.find((field) => !there.has(field) && /^[^.[]+$/.test(field));
  if (Array.isArray(json)) return first(json, (each) => findMissing(each, there));
  const { transform, ...rest } = json;
  const step = (one: Json) => {
    const names = gather(one);
    const lacking = names.isOpen ? undefined : isLacking(names);
    for (const field of names.made) there.add(field);
    return lacking;
  };
  if (gather(transform ?? null).isOpen) return undefined;
  const lacking = Array.isArray(transform) ? first(transform, step) : undefined;
  if (lacking !== undefined) return lacking;
  const inner = Object.keys(rest).filter((key) => composed.includes(key));
  const plain = Object.fromEntries(Object.entries(rest).filter(([key]) => !inner.includes(key)));
  return isLacking(gather(plain)) ?? first(inner, (key) => findMissing(rest[key] ?? null, there));
}

/** The keys under which a specification contains others. */
const composed = ['layer', 'concat', 'hconcat', 'vconcat', 'spec'];

/** Returns the first answer that a question has for any of some values. */
function first<T, U>(values: readonly T[], ask: (value: T) => U | undefined): U | undefined {
  for (const value of values) {
    const found = ask(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isSource(name: string, tables: DescribedTables): boolean {
  return Object.hasOwn(tables, name) || lookUps.includes(name) || isOfPeople(name);
}

function listFields(table: DescribedTables[string] | undefined): string[] {
  return table ? ['dt', ...table.fields, ...table.fields.map(rankOf), table.measure] : [];
}

/** The names in a specification: of its data, of the fields it uses, and of those its transforms make. */
interface Names {
  sources: string[];
  used: string[];
  made: string[];
  /** True when its transforms make unnamed fields, as a pivot does. */
  isOpen: boolean;
}

function gather(spec: Json): Names {
  const names: Names = { sources: [], used: [], made: [], isOpen: false };
  visit(spec, '', names);
  return names;
}

function visit(json: Json, key: string, names: Names): void {
  if (typeof json === 'string') {
    if (key === 'as') names.made.push(json);
    else if (fieldKeys.includes(key)) names.used.push(json);
    else if (exprKeys.includes(key)) names.used.push(...fieldsOf(json));
    return;
  }
  if (json === null || typeof json !== 'object') return;
  if (Array.isArray(json)) {
    const own = ['groupby', 'fields', 'fold'].includes(key) ? 'field' : key;
    for (const each of json) visit(each, own, names);
    return;
  }
  if (key === 'data' && typeof json.name === 'string') names.sources.push(json.name);
  if (json.lookup !== undefined) names.made.push(...lookedUp(json.from));
  if (json.fold !== undefined) names.made.push('key', 'value');
  if (json.pivot !== undefined) names.isOpen = true;
  for (const [inner, value] of Object.entries(json)) if (!others.includes(inner)) visit(value, inner, names);
}

/**
 * The parts to skip: a lookup's own, whose fields belong to another table, usermeta, and inline data. Filters by missing fields
 * are reported to the reader.
 */
const others = ['from', 'params', 'usermeta', 'datasets'];
const fieldKeys = ['field', 'lookup', 'impute', 'flatten', 'density', 'regression', 'stack'];
const exprKeys = ['calculate', 'filter', 'expr', 'test'];

function fieldsOf(expression: string): string[] {
  const named = expression.matchAll(/\bdatum(?:\.([\p{L}_$][\p{L}\d_$]*)|\[(['"])(.*?)\2\])/gu);
  return [...named].map(([, plain, , quoted]) => plain ?? quoted ?? '');
}

function lookedUp(from: Json | undefined): string[] {
  const fields = from !== null && typeof from === 'object' && !Array.isArray(from) ? from.fields : undefined;
  return Array.isArray(fields) ? fields.map(String) : [];
}
