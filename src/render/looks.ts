import { color } from 'd3-color';
import type { Config } from 'vega-lite';
import { ZenError } from '../errors.ts';
import { readOwn, readShipped } from '../files.ts';
import { parseObject } from './parse-object.ts';
import { suggest } from '../suggest.ts';

/** The files of a project that style its pages. */
export const lookFiles = {
  theme: 'templates/theme.json',
  style: 'templates/page.css',
  logo: 'templates/logo.svg',
};

/** The most bytes of such a file, because every page contains it. */
const most = 100_000;

/** A project's theme: the page's CSS variables, light and dark, and any Vega configuration. */
type Theme = Config & { colors?: Record<string, string>; dark?: Record<string, string> };

/** Tells whether charts are drawn with a project's configuration. */
export function hasOwnTheme(): boolean {
  return readOwn(lookFiles.theme) !== undefined;
}

function readLook(file: string): string | undefined {
  const text = readOwn(file);
  if (text !== undefined && Buffer.byteLength(text) > most)
    throw refuse(
      file,
      `has ${Math.ceil(Buffer.byteLength(text) / 1000)} kB: each page carries it, so make it ${most / 1000} kB at most`,
    );
  return text;
}

function refuse(file: string, why: string): ZenError {
  return new ZenError('usage', `${file} ${why}${why.endsWith('?') ? '' : '.'}`);
}

/**
 * Returns the configuration of all charts, with the project's theme applied.
 *
 * @throws ZenError `usage` for a mistake in the theme
 */
export function readTheme(): Config {
  const own: Theme = { ...readOwnTheme() };
  delete own.colors;
  delete own.dark;
  return layOver(JSON.parse(readShipped(lookFiles.theme)) as Config, own) as Config;
}

function layOver(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above;
  const both = Object.entries(above).map(([key, value]) => [
    key,
    Object.hasOwn(below, key) ? layOver(below[key], value) : value,
  ]);
  return { ...below, ...(Object.fromEntries(both) as object) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function readOwnTheme(): Theme {
  const file = lookFiles.theme;
  const text = readLook(file);
  if (text === undefined) return {};
  const theme = parseObject(file, text, '{ "colors": { "accent": "#0a7d5a" } }');
  const { font } = theme;
  if (font !== undefined && !(typeof font === 'string' && /^[\w\s,'-]+$/.test(font)))
    throw refuse(file, 'has a font that is not a list of names. Write it as "Georgia, serif"');
  return theme;
}

/**
 * Returns the style of the page: Zen's, then the project's variables, then its own rules.
 *
 * @throws ZenError `usage` for a mistake in these
 */
export function readStyle(): string {
  const { font, colors = {}, dark = {} } = readOwnTheme();
  const light = [...writeColors(colors), ...(typeof font === 'string' ? [`font-family: ${font};`] : [])];
  const [of, inTheDark] = [light, writeColors(dark)].map((lines) => `:root { ${lines.join(' ')} }`) as [
    string,
    string,
  ];
  return [
    shippedStyle(),
    ...(light.length > 0 ? [of] : []),
    ...(Object.keys(dark).length > 0
      ? [`@media screen and (prefers-color-scheme: dark) { ${inTheDark} }`]
      : []),
    ...readRules(),
  ].join('\n');
}

/** Returns Zen's own style, without comments. */
export function shippedStyle(): string {
  return readShipped('dist/page.css');
}

function writeColors(colors: Record<string, unknown>): string[] {
  const known = [...readShipped(lookFiles.style).matchAll(/^ {2}--(\w+): #/gm)].map(([, name = '']) => name);
  return Object.entries(colors).map(([name, value]) => {
    if (!known.includes(name))
      throw refuse(
        lookFiles.theme,
        `has the colour “${name}”, which the page does not have. ${suggest(name, known)}`,
      );
    if (typeof value !== 'string' || color(value) === null)
      throw refuse(
        lookFiles.theme,
        `has ${JSON.stringify(value)} for “${name}”. Write a colour, such as #0a7d5a`,
      );
    return `--${name}: ${value};`;
  });
}

function readRules(): string[] {
  const file = lookFiles.style;
  const rules = readLook(file);
  if (rules === undefined) return [];
  const reach = /@import|@charset|\b(?:url|src|image|image-set|expression)\s*\(|<|\\/i.exec(rules)?.[0];
  if (reach !== undefined)
    throw refuse(
      file,
      `has “${reach}”. A page is one file and loads nothing: remove URLs, imports and escapes`,
    );
  return [rules];
}

/** SVG elements that only draw. */
const drawing =
  'svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan linearGradient radialGradient stop clipPath mask';

/** A piece of a document: a comment or declaration, a tag with its attributes, or text. */
const piece =
  /<\?xml[^>]*\?>|<!--[^]*?-->|<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/**
 * Prepares the project's logo for a page. It may contain shapes only: nothing that runs, loads or styles the page. Its
 * ids get a prefix.
 *
 * @throws ZenError `usage` for any other SVG
 */
export function readLogo(): string {
  const file = lookFiles.logo;
  const text = readLook(file)?.trim();
  if (text === undefined) return '';
  const parts: string[] = [];
  const open: string[] = [];
  piece.lastIndex = 0;
  while (piece.lastIndex < text.length) {
    const at = piece.lastIndex;
    const found = piece.exec(text);
    if (!found) throw refuse(file, `cannot be read at “${text.slice(at, at + 30)}”. Save it as plain SVG`);
    const [, closes, name, attributes = '', isEmpty, words] = found;
    if (words !== undefined) parts.push(words);
    if (name === undefined) continue;
    if (!drawing.split(' ').includes(name))
      throw refuse(file, `has the element “${name}”. A logo may hold only shapes: remove it`);
    if (closes !== '' ? open.pop() !== name : open.length === 0 && parts.some((part) => part.startsWith('<')))
      throw refuse(file, `has “${name}” where it does not belong. Save it as plain SVG`);
    if (closes === '' && isEmpty === '') open.push(name);
    parts.push(`<${closes ?? ''}${name}${keepAttributes(attributes)}${isEmpty ?? ''}>`);
  }
  if (open.length > 0 || !/^<svg[\s>]/.test(parts.join('').trimStart()))
    throw refuse(file, 'is not a complete SVG');
  return parts.join('').trim();
}

function keepAttributes(attributes: string): string {
  return attributes.replaceAll(/\s+([\w:-]+)\s*=\s*("[^"]*"|'[^']*')/g, (_, name: string, quoted: string) => {
    const value = quoted.slice(1, -1);
    const isOwn = /^#[\w-]+$/.test(value);
    const reaches = /^on|^style$|^class$/i.test(name) || /:|&|\\|url\((?!#[\w-]+\))/i.test(value);
    if (/^xmlns(:\w+)?$|^xml:space$|^version$/.test(name)) return '';
    if (reaches || (/href$/i.test(name) && !isOwn))
      throw refuse(
        lookFiles.logo,
        `has ${name}="${value.slice(0, 40)}". A logo runs nothing, loads nothing and has no style: remove it`,
      );
    if (name === 'id') return ` id="logo-${value}"`;
    const to = /href$/i.test(name) ? value.replace('#', '#logo-') : value.replaceAll('url(#', 'url(#logo-');
    return ` ${name}="${to}"`;
  });
}
