import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import type { Payload, Step, Topic } from '../shared/data/payload.ts';
import { minuteMs, nextMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { callName, Gatherer, readArray } from './columns.ts';
import { colors } from './palette.ts';

type Translate = (text: string) => string;

/**
 * Reads the aggregates of a period into what the page shows, a UTC day at a time. Names are as in `callName`.
 *
 * @param onDay called with the share of the period that has been read
 */
export async function queryPayload(
  session: Session,
  { start, end }: Window,
  gaps: Window[],
  translate: Translate,
  onDay: (done: number) => void = () => undefined,
): Promise<Payload> {
  const base = Math.floor(start / minuteMs) * minuteMs;
  const timeOf = (minute: number) => base + minute * minuteMs;
  const [visits, engagement] = [new Gatherer('dash_visits', timeOf), new Gatherer('dash_engagement', timeOf)];
  for (let from = start; from < end; from = nextMidnight(from)) {
    const parameters = [from, Math.min(end, nextMidnight(from)), base];
    await gather(session, 'render/visits', parameters, visits, translate);
    await gather(session, 'render/engagement', parameters, engagement, translate);
    onDay((Math.min(end, nextMidnight(from)) - start) / (end - start));
  }
  const engaged = [...engagement.totals(0).keys()].map((name): [string, number] => [name, 0]);
  const items = mostFirst(new Map([...engaged, ...visits.totals(0)]));
  const ages = [...new Set([...visits.totals(1).keys(), ...engagement.totals(1).keys()])].sort(byCode);
  const sources = mostFirst(visits.totals(2));
  const events = steps([...engagement.totals(2).keys()], translate);
  return {
    start,
    end,
    coarse: null,
    items,
    ages,
    sources,
    events,
    topics: paint([...new Set([...items, ...sources])]),
    gaps,
    merged: null,
    visits: visits.build([items, ages, sources]),
    engagement: engagement.build([items, ages, events.map(({ event }) => event)]),
    people: null,
  };
}

async function gather(
  session: Session,
  file: string,
  parameters: number[],
  into: Gatherer,
  translate: Translate,
): Promise<void> {
  const rows = await session.query<
    Record<'item_topic' | 'age_segment' | 'last' | 'minutes' | 'values', string>
  >(sql(file), parameters);
  for (const { item_topic, age_segment, last, minutes, values } of rows) {
    const found = [item_topic, age_segment, last];
    // A missing name may be NULL or empty: two rows.
    const most = 2 ** found.filter((name) => name === '').length;
    const names = found.map((name) => callName(name, translate));
    into.add({ names, minutes: readArray(minutes), values: readArray(values), most });
  }
}

/** The names, those with the largest sums first; equal ones by code point. */
function mostFirst(totals: Map<string, number>): string[] {
  return [...totals].sort(([a, x], [b, y]) => y - x || byCode(a, b)).map(([name]) => name);
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Gives each name a colour and a rank. */
export function paint(names: string[]): Topic[] {
  return colors(names.length).map((color, rank) => ({ name: names[rank] ?? '', color, rank }));
}

/** The funnel's own steps, in its order, then whatever else the log calls an event, in quotes. */
function steps(found: string[], translate: Translate): Step[] {
  const known = new Map([
    ['show', translate('Shows')],
    ['click', translate('Clicks')],
    ['view', translate('Views')],
  ]);
  const others = found.filter((event) => !known.has(event));
  const events = [...known.keys(), ...others.sort(byCode)];
  return events.map((event, rank) => ({ event, name: known.get(event) ?? `“${event}”`, rank }));
}
