import type { Database } from '../db/database.ts';
import { sql } from '../files.ts';
import type { Engagement, Payload, Step, Tables, Topic, Visit } from '../shared/payload.ts';
import type { Window } from '../time.ts';
import { colors } from './palette.ts';

type Translate = (text: string) => string;

/** The period that the aggregates cover: the first minute, and the end of the last one. Null when they are empty. */
export async function querySpan(db: Database): Promise<Window | null> {
  const [span] = await db.query<{ start: number | null; end: number | null }>(sql('render/span'));
  return span?.start == null || span.end == null ? null : { start: span.start, end: span.end };
}

/** Reads the aggregates of a period into what the page shows. A missing name is shown as "not set". */
export async function queryPayload(
  db: Database,
  { start, end }: Window,
  gaps: Window[],
  translate: Translate,
): Promise<Payload> {
  const name = (text: string) => text || translate('not set');
  const visits = (await db.query<Visit>(sql('render/visits'), [start, end])).map((row) => ({
    ...row,
    item_topic: name(row.item_topic),
    source_topic: name(row.source_topic),
    age_segment: name(row.age_segment),
  }));
  const engagement = (await db.query<Engagement>(sql('render/engagement'), [start, end])).map((row) => ({
    ...row,
    item_topic: name(row.item_topic),
    event: name(row.event),
    age_segment: name(row.age_segment),
  }));
  const items = byVisits(visits, 'item_topic');
  const ages = [...new Set([...visits, ...engagement].map((row) => row.age_segment))].sort(byCode);
  const tables: Tables = {
    visits,
    engagement,
    topics: paint([...new Set([...items, ...byVisits(visits, 'source_topic')])]),
    events: steps(engagement, translate),
    gaps,
  };
  return { start, end, items, ages, tables };
}

/** The names in a column, those with the most visits first; equal ones by code point. */
function byVisits(visits: Visit[], column: 'item_topic' | 'source_topic'): string[] {
  const sums = new Map<string, number>();
  for (const row of visits) sums.set(row[column], (sums.get(row[column]) ?? 0) + row.visits);
  return [...sums].sort(([a, x], [b, y]) => y - x || byCode(a, b)).map(([name]) => name);
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function paint(names: string[]): Topic[] {
  return colors(names.length).map((color, rank) => ({ name: names[rank] ?? '', color, rank }));
}

/** The funnel's own steps, in its order, then whatever else the log calls an event, in quotes. */
function steps(engagement: Engagement[], translate: Translate): Step[] {
  const known = new Map([
    ['show', translate('Shows')],
    ['click', translate('Clicks')],
    ['view', translate('Views')],
  ]);
  const others = new Set(engagement.map((row) => row.event).filter((event) => !known.has(event)));
  const events = [...known.keys(), ...[...others].sort(byCode)];
  return events.map((event, rank) => ({ event, name: known.get(event) ?? `“${event}”`, rank }));
}
