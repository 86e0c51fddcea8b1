import { createHash } from 'node:crypto';
import { readShipped, sql, version } from '../files.ts';
import type { Cells } from '../shared/cells.ts';
import type { Payload } from '../shared/payload.ts';
import { isoTime } from '../time.ts';

/** What both aggregates hold of a period. */
export interface Sums {
  visits_rows: number;
  /** The sum of visits. */
  events: number;
  engagement_rows: number;
  /** The sum of unique users. */
  users: number;
}

/** What a page says of itself, for `zen verify`. Hashes are SHA-256, in hex. */
export interface Manifest extends Sums {
  zen: string;
  /** The period, ISO 8601, UTC; minutes before `hours_before` are added up to hours. */
  start: string;
  end: string;
  hours_before: string | null;
  /** Of the statements that the numbers come from. */
  sql: string;
  /** Of the text of the payload, as it stands in the page. */
  payload: string;
  script: string;
  style: string;
  /** Of the page itself, with nothing between these quotes. Pages of before there was this have none. */
  page?: string;
}

/** The parts of a page that a manifest tells of. */
export interface Content {
  packed: string;
  script: string;
  style: string;
}

export function describePage(payload: Payload, { packed, script, style }: Content): Manifest {
  const { start, end, coarse } = payload;
  return {
    zen: version(),
    start: isoTime(start),
    end: isoTime(end),
    hours_before: coarse && isoTime(coarse.until),
    ...sumUp(payload),
    sql: hash(statements.map(sql).join('\n')),
    payload: hash(packed),
    script: hash(script),
    style: hash(style),
  };
}

const statements = [
  'aggregate/visits/fill',
  'aggregate/engagement/fill',
  'render/visits',
  'render/engagement',
  'render/users',
];

export function sumUp({ visits, engagement }: Payload): Sums {
  return {
    visits_rows: countRows(visits),
    events: visits.sums.at(-1) ?? 0,
    engagement_rows: countRows(engagement),
    users: engagement.sums.at(-1) ?? 0,
  };
}

/** The rows of the database that a table holds. */
export function countRows({ counts, minutes }: Cells): number {
  return counts?.at(-1) ?? minutes.length;
}

const sealed = /(<script type="application\/json" id="manifest">[^<]*,"page":")([^"<]*)("\}<\/script>)/;

/** Puts the hash of a page into its manifest, whose last name is `page`. */
export function seal(html: string): string {
  return html.replace(sealed, (_, before: string, _old, after: string) => before + hashPage(html) + after);
}

/** The hash that a page should state of itself. */
export function hashPage(html: string): string {
  return hash(html.replace(sealed, '$1$3'));
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The script and the style that pages of this version have. */
export function readParts(): Pick<Content, 'script' | 'style'> {
  return { script: readShipped('dist/client.js'), style: readShipped('templates/page.css') };
}

/** The hashes of these. */
export function hashParts(): Pick<Manifest, 'script' | 'style'> {
  const { script, style } = readParts();
  return { script: hash(script), style: hash(style) };
}
