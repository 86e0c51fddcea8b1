import { parseExpression } from 'vega';
import { ZenError } from '../errors.ts';
import { isObject } from './panels.ts';
import type { Json } from './panels.ts';

/** The most things that a chart may make at once; more would keep a reader waiting forever. */
const mostMade = 100_000;
const counts = ['steps', 'minsteps', 'maxsteps', 'maxbins', 'tickCount', 'count', 'resolve', 'columns'];

const asks = 'asks for a URL, and a page has no network';
const makesMore = `makes more than ${mostMade} of something`;

/** A rule: its objection to a value under a key, and to a text anywhere. */
type Rule = (key: string, value: Json) => string | false;

const rules: Rule[] = [
  (key) => /^(url|href|src|image|loader|baseURL)$/.test(key) && asks,
  (key, value) =>
    (key === 'mark' || key === 'type') && value === 'image' && 'draws pictures, and a page has no network',
  (_, value) => isText(value, /\burl\s*\(|\bjavascript\s*:|\{[^}]*\bimage['"]?\s*:/i) && asks,
  (key, value) =>
    key === 'element' && !isText(value, /^#[\w-]+$/) && 'is bound to something else than a control',
  (key, value) =>
    key === 'params' &&
    Array.isArray(value) &&
    !value.every((param) => hasUsableName(param)) &&
    'has a parameter whose name no expression can use',
  (key, value) => key === 'type' && value === 'timer' && 'draws without end',
  (key, value) => key === 'events' && isText(value, /\btimer\b/) && 'draws without end',
  (key, value) => counts.includes(key) && Number(value) > mostMade && makesMore,
  (key, value) => /^(sequence|keyvals)$/.test(key) && isLongList(value) && makesMore,
  (key, value) => /^(bins?|graticule)$/.test(key) && isObject(value) && hasTinyStep(value) && makesMore,
  (key, value) => key === 'interval' && isText(value, /^(milli)?seconds?$/) && makesMore,
  (key, value) => /format$/i.test(key) && isText(value, /^[^%]*\d{4,}[^%]*%?$/) && makesMore,
  // Vega-Lite's own selections change their stores, in an update.
  (key, value) =>
    isText(
      value,
      key === 'update' ? /\b(setdata|modify(?!\("\w+_store"))\s*\(/ : /\b(setdata|modify)\s*\(/,
    ) && 'changes the data that it draws',
  (_, value) =>
    typeof value === 'string' &&
    (/\bregexp\s*\(/.test(value) || searchesEndlessly(value)) &&
    'has a search in a search, which may never end',
];

/**
 * Tells whether an expression has a search that repeats a repetition, or an alternation: (a+)+ and (a|a)* may take
 * practically forever for 40 letters. Repeating one text alone is allowed.
 */
function searchesEndlessly(text: string): boolean {
  if (!/\)[*+{]/.test(text)) return false;
  try {
    return listSearches(parseExpression(text)).some((pattern) => /\)[*+{]/.test(simplify(pattern)));
  } catch {
    return false; // an invalid expression cannot run
  }
}

/** Lists the patterns in an expression's syntax tree (vega-expression, src/parser.js: `regex` of a literal). */
function listSearches(node: object): string[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === 'pattern' && typeof value === 'string'
      ? [value]
      : typeof value === 'object' && value !== null
        ? listSearches(value)
        : [],
  );
}

/** Simplifies a search: groups of plain letters, escapes and classes each become a letter. */
function simplify(pattern: string): string {
  const letters = pattern.replaceAll(/\\./g, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  const simpler = letters.replaceAll(/\((?:\?[:!=])?[^()|*+?{]*\)/g, 'x');
  return simpler === letters ? letters : simplify(simpler);
}

function isText(value: Json, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

/** Vega keeps parameters in plain objects, where `__proto__` always exists. Transforms number theirs. */
function hasUsableName(param: Json): boolean {
  if (!isObject(param)) return true;
  const { name } = param;
  return typeof name === 'string' && /^[A-Za-z]\w*$/.test(name) && !(name in Object.prototype);
}

/** Tells whether steps are so short that a log's values would have far too many. */
function hasTinyStep(value: Record<string, Json>): boolean {
  return [value.step, value.stepMinor, value.stepMajor].flat().some((step) => Number(step ?? 1) < 0.001);
}

function isLongList(value: Json): boolean {
  if (!isObject(value)) return false;
  const { start = 0, stop = 0, step = 1 } = value;
  const isPlain = [start, stop, step].every((each) => typeof each === 'number');
  return isPlain && Math.abs((Number(stop) - Number(start)) / Number(step)) > mostMade;
}

/**
 * Refuses a stranger's chart that would load anything from outside its page, or keep readers waiting forever. The
 * page's policy blocks requests, but a render has none, and would send them from the database's network.
 *
 * @param source the chart's file, or its compiled form
 * @throws ZenError `usage`, with the place in the file
 */
export function requireHarmless(name: string, source: object): void {
  const visit = (key: string, value: Json, path: readonly string[]): void => {
    const why = rules.map((rule) => rule(key, value)).find((said) => said !== false);
    if (why !== undefined)
      throw new ZenError('usage', `templates/charts/${name}.vl.json ${why}: take out ${path.join('.')}.`);
    // Inline rows are data, whatever their fields are called.
    if (value === null || typeof value !== 'object' || /^(values|datasets)$/.test(key)) return;
    for (const [inner, each] of Object.entries(value))
      visit(Array.isArray(value) ? key : inner, each, [...path, inner]);
  };
  visit('', source as Json, []);
}
