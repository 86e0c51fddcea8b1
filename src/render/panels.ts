import type { TopLevelSpec } from 'vega-lite';
import { ZenError } from '../errors.ts';
import { valueOf } from '../shared/known.ts';
import { suggest } from '../suggest.ts';
import { controlOf, usualFilters } from '../shared/selection.ts';
import { listControls, listFilters } from './layout.ts';
import type { Column, Panel, PanelOptions } from '../shared/panels.ts';

/** The aggregates of a page: their dimensions and measures. */
export type DescribedTables = Record<string, { fields: string[]; measure: string }>;

/** A value of a chart's file. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const defaults: PanelOptions = {
  title: '',
  source: '',
  area: 'side',
  order: 100,
  switch: null,
  within: '',
  columns: [],
  data: [],
  sort: [],
  minutes: false,
  finding: '',
  empty: '',
  snapshot: null,
};

/**
 * Reads from a chart's file what the page needs: `usermeta.zen`, its title and its tooltip.
 *
 * @throws ZenError `usage` when any of that is invalid
 */
export function readPanel(name: string, spec: TopLevelSpec, tables: DescribedTables): Panel {
  const { title, usermeta, data } = spec as unknown as Record<string, Json>;
  const own = fieldOf(usermeta, 'zen') ?? {};
  if (typeof own !== 'object' || Array.isArray(own))
    throw new ZenError('usage', `templates/charts/${name}.vl.json: usermeta.zen is not an object.`);
  for (const [key, value] of Object.entries(own)) requireOption(name, key, value);
  requireControls(name, spec);
  for (const [key, value] of Object.entries(readEmbedOptions(spec))) requireEmbedOption(name, key, value);
  const options = { ...defaults, ...(own as Partial<PanelOptions>) };
  const columns = options.columns.length > 0 ? options.columns : readTooltip(spec);
  const source = textOf(data, 'name');
  const table = Object.hasOwn(tables, source) ? valueOf(tables, source) : undefined;
  const heading = fieldOf(title, 'text') ?? title;
  return {
    ...options,
    name,
    source,
    title: typeof heading === 'string' ? heading : name,
    columns,
    data: options.data.length > 0 ? options.data : columns.map(({ field }) => field),
    measure: table ? table.measure : '',
    made: findImputed(spec),
    unfiltered: table
      ? listUnfiltered(spec, table.fields)
      : listControls().flatMap((field) => (usualFilters.includes(field) ? [] : controlOf(field))),
  };
}

/** Checks that an option has the type of its default. Options without a default, and the columns, are checked separately. */
function requireOption(name: string, key: string, value: Json): void {
  const file = `templates/charts/${name}.vl.json`;
  const known: Record<string, unknown> = { ...defaults };
  if (!Object.hasOwn(known, key) || key === 'title' || key === 'source') {
    const names = Object.keys(defaults).filter((own) => own !== 'title' && own !== 'source');
    const remedy = suggest(key, names);
    throw new ZenError(
      'usage',
      `${file}: usermeta.zen has “${key}”, which Zen does not know. ${remedy}${remedy.endsWith('?') ? '' : '.'}`,
    );
  }
  const isFit =
    key === 'snapshot'
      ? fieldOf({ value }, 'value') !== null && !Array.isArray(value) && typeof value === 'object'
      : key === 'switch'
        ? ['name', 'title', 'label'].every((part) => typeof fieldOf(value, part) === 'string') &&
          ['number', 'undefined'].includes(typeof fieldOf(value, 'upTo'))
        : key === 'area'
          ? ['main', 'side', 'wide'].some((area) => area === value)
          : key === 'columns'
            ? Array.isArray(value) && value.every(isColumn)
            : Array.isArray(value) === Array.isArray(known[key]) && typeof value === typeof known[key];
  if (!isFit) throw new ZenError('usage', `${file}: usermeta.zen.${key} cannot be ${JSON.stringify(value)}.`);
}

/** The vega-embed options that a chart may set. Others would fetch files, or add their own menus and styles. */
const embedOptions: Record<string, (value: Json) => boolean> = {
  config: isObject,
  hover: (value) => typeof value === 'boolean' || isObject(value),
  padding: (value) => typeof value === 'number' || isObject(value),
  renderer: (value) => value === 'svg' || value === 'canvas',
};

/** Returns the vega-embed options of a chart's file, `usermeta.embedOptions`. */
function readEmbedOptions({ usermeta }: TopLevelSpec): Record<string, Json> {
  const own = fieldOf(usermeta as Json | undefined, 'embedOptions') ?? {};
  return isObject(own) ? own : { embedOptions: own };
}

function requireEmbedOption(name: string, key: string, value: Json): void {
  const where = `templates/charts/${name}.vl.json: usermeta.embedOptions`;
  const isFit = Object.hasOwn(embedOptions, key) ? embedOptions[key] : undefined;
  if (!isFit)
    throw new ZenError(
      'usage',
      `${where} has “${key}”, which a page does not accept. It accepts ${Object.keys(embedOptions).join(', ')}.`,
    );
  if (!isFit(value)) throw new ZenError('usage', `${where}.${key} cannot be ${JSON.stringify(value)}.`);
}

/** Tells whether a value of a chart's file has keys. */
export function isObject(value: Json): value is Record<string, Json> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isColumn(column: Json): boolean {
  const isText = ['field', 'title', 'kind'].every((part) => typeof fieldOf(column, part) === 'string');
  return isText && ['time', 'text', 'count', 'share'].includes(textOf(column, 'kind'));
}

function fieldOf(json: Json | undefined, key: string): Json | undefined {
  return json !== undefined && isObject(json) ? json[key] : undefined;
}

/** Returns a text of an object, or an empty one. */
function textOf(json: Json | undefined, key: string): string {
  const text = fieldOf(json, key);
  return typeof text === 'string' ? text : '';
}

/** Visits each value of a specification with its key, outer ones first. */
export function* walk(json: Json, name = ''): Generator<[name: string, value: Json]> {
  yield [name, json];
  if (json === null || typeof json !== 'object') return;
  for (const [key, value] of Object.entries(json)) yield* walk(value, key);
}

function readTooltip(spec: TopLevelSpec): Column[] {
  for (const [key, value] of walk(spec as unknown as Json))
    if (key === 'tooltip' && Array.isArray(value))
      return value.map((channel): Column => {
        const [field = '', title = '', format = '', type = ''] = ['field', 'title', 'format', 'type'].map(
          (part) => textOf(channel, part),
        );
        return { field, title: title || field, kind: columnKind(field, format, type) };
      });
  return [];
}

function columnKind(field: string, format: string, type: string): Column['kind'] {
  if (field === 'dt' || type === 'temporal') return 'time';
  if (format.endsWith('%')) return 'share';
  return format !== '' || type === 'quantitative' ? 'count' : 'text';
}

function findImputed(spec: TopLevelSpec): string | null {
  for (const [key, value] of walk(spec as unknown as Json))
    if (key === 'impute' && typeof value === 'string') return value;
  return null;
}

/** @throws ZenError `usage` for a parameter bound to a missing element: Vega would fail in the reader's browser */
function requireControls(name: string, spec: TopLevelSpec): void {
  const known = ['period', ...listControls().map(controlOf)].map((id) => `#${id}`);
  for (const [key, value] of walk(spec as unknown as Json)) {
    const element = key === 'bind' ? fieldOf(value, 'element') : undefined;
    if (element === undefined || (typeof element === 'string' && known.includes(element))) continue;
    const why = `templates/charts/${name}.vl.json is bound to ${JSON.stringify(element)}, which is not a control of the page.`;
    throw new ZenError(
      'usage',
      `${why} It may be ${known.join(', ')}: each of “filters” in zen.json makes one.`,
    );
  }
}

/** Lists the parameters of a specification that are bound to an element of the page, by its id. */
function* listBound(spec: TopLevelSpec, id: string): Generator<string> {
  for (const [, value] of walk(spec as unknown as Json)) {
    const name = fieldOf(value, 'name');
    if (fieldOf(fieldOf(value, 'bind'), 'element') === `#${id}` && typeof name === 'string') yield name;
  }
}

/** Lists the controls that a chart ignores: it does not use them, or its aggregate lacks their field. */
function listUnfiltered(spec: TopLevelSpec, fields: string[]): string[] {
  const used = new Set(
    [...walk(spec as unknown as Json)].map(([, value]) => fieldOf(fieldOf(value, 'filter'), 'param')),
  );
  const isFollowed = (id: string, field: string) =>
    fields.includes(field) && [...listBound(spec, id)].some((param) => used.has(param));
  const controls = listControls().map((field) => [controlOf(field), field] as const);
  const chosen = controls.flatMap(([id, field]) => (isFollowed(id, field) ? [] : [id]));
  return [...listBound(spec, 'period')].length > 0 ? chosen : ['period', ...chosen];
}

/** Adds the page's other filters to a specification, beside its own by topic and age, when its aggregate has the field. */
export function addFilters(spec: TopLevelSpec, tables: DescribedTables): TopLevelSpec {
  const source = textOf((spec as unknown as Record<string, Json>).data, 'name');
  const fields = Object.hasOwn(tables, source) ? valueOf(tables, source).fields : [];
  const added = listFilters().filter(
    (field) => fields.includes(field) && [...listBound(spec, controlOf(field))].length === 0,
  );
  const usual = new Set<Json | undefined>(
    usualFilters.flatMap((field) => [...listBound(spec, controlOf(field))]),
  );
  const param = (field: string) => `by_${field}`;
  const bind = (field: string): Json => ({
    name: param(field),
    select: { type: 'point', fields: [field] },
    bind: { element: `#${controlOf(field)}` },
  });
  const add = (key: string, value: Json): Json => {
    if (!Array.isArray(value)) return value;
    const isUsual = (item: Json) =>
      usual.has(
        fieldOf(key === 'params' ? item : fieldOf(item, 'filter'), key === 'params' ? 'name' : 'param'),
      );
    const at = ['params', 'transform'].includes(key) ? value.findIndex(isUsual) : -1;
    const own = added.map((field) => (key === 'params' ? bind(field) : { filter: { param: param(field) } }));
    return at < 0 ? value : value.toSpliced(at, 0, ...own);
  };
  return JSON.parse(JSON.stringify(spec, add)) as TopLevelSpec;
}

/**
 * Returns the specification to draw, without the parts that the page shows, and without filters by fields that its
 * aggregate lacks, which would let nothing through.
 */
export function toDrawn(spec: TopLevelSpec, { unfiltered }: Panel): TopLevelSpec {
  const params = new Set<Json | undefined>(unfiltered.flatMap((id) => [...listBound(spec, id)]));
  const isKept = (item: Json) => {
    const param = fieldOf(fieldOf(item, 'filter'), 'param');
    return param === undefined || !params.has(param);
  };
  // The compiler takes the configuration, which the specification's own overrides; the page reads the rest.
  const { config, ...told } = readEmbedOptions(spec);
  const shown = {
    ...spec,
    title: undefined,
    usermeta: { embedOptions: told },
    config: Object.assign({}, config, spec.config),
  };
  return JSON.parse(
    JSON.stringify(shown, (_, value: Json) => (Array.isArray(value) ? value.filter(isKept) : value)),
  ) as TopLevelSpec;
}
