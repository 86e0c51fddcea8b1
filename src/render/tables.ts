import { Yielder } from '../async/yield.ts';
import { quoteName } from '../db/database.ts';
import type { Session } from '../db/database.ts';
import { sql } from '../files.ts';
import { describeAggregate, findCounting, listAggregates, queryColumns } from '../log/aggregates.ts';
import type { Aggregate } from '../log/aggregates.ts';
import { overLog } from '../log/log.ts';
import { listNamedGroups } from '../log/named-groups.ts';
import { isUsualFunnel, listSteps } from '../log/steps.ts';
import type { EventKind, NamedGroup, Payload, Topic } from '../shared/data/payload.ts';
import { byCode, keepNames, orderTopics, rankTopics } from '../shared/data/narrow.ts';
import { isTopic } from '../shared/data/table.ts';
import { known, valueOf } from '../shared/known.ts';
import { usualFilters } from '../shared/selection.ts';
import { minuteMs, nextMidnight } from '../time.ts';
import type { Window } from '../time.ts';
import { listChartData } from './charts.ts';
import { callName, Gatherer, readArray } from './columns.ts';
import { paint } from './palette.ts';

type TranslateText = (text: string) => string;

interface PayloadOptions {
  translate: TranslateText;
  /** The aggregates to read; by default, those that its charts draw from. */
  names?: readonly string[] | undefined;
  /** The aggregates read from the log, by their statements. */
  unmade?: readonly string[] | undefined;
}

/** An aggregate of the page, as far as it has been read. */
interface Reading {
  aggregate: Aggregate;
  /** Its dimensions: those that filters use, then the others. */
  fields: string[];
  measure: string;
  statement: string;
  /** The parameters after the bounds of a window. */
  parameters: (number | string)[];
  gatherer: Gatherer;
}

/**
 * Reads the aggregates that a page shows, one UTC day at a time. Names are as in `callName`.
 *
 * @param onDay called with the share of the period read so far
 */
export async function queryPayload(
  session: Session,
  { start, end }: Window,
  gaps: Window[],
  { translate, names = listDrawn(), unmade = [] }: PayloadOptions,
  onDay: (done: number) => void = () => undefined,
): Promise<Payload> {
  const base = Math.floor(start / minuteMs) * minuteMs;
  const readings: Reading[] = [];
  for (const aggregate of listAggregates())
    if (names.includes(aggregate.name))
      readings.push(await open(session, aggregate, base, unmade.includes(aggregate.name)));
  const days: Window[] = [];
  for (let from = start; from < end; from = nextMidnight(from))
    days.push({ start: from, end: Math.min(end, nextMidnight(from)) });
  const request = (day: Window | undefined) => {
    const found = queryDay(session, readings, day);
    found.catch(() => undefined); // awaited when its rows are gathered
    return found;
  };
  const ahead = days.slice(0, daysAhead).map(request);
  for (const [at, day] of days.entries()) {
    const found = await known(ahead.shift());
    ahead.push(request(days[at + daysAhead]));
    for (const [place, rows] of found.entries()) await gatherDay(known(readings[place]), rows, translate);
    onDay((day.end - start) / (end - start));
  }
  const found = gatherNames(readings);
  const events = orderKinds([...(found.get('event')?.keys() ?? [])], translate);
  const dimensions = Object.fromEntries(
    [...found].map(([field, totals]) => [field, orderNames(field, totals, events)]),
  );
  const groups = nameGroups(dimensions, translate);
  return {
    start,
    end,
    ladder: [],
    dimensions,
    events,
    topics: paintTopics(dimensions),
    gaps,
    merged: null,
    ...(groups.length > 0 && { groups }),
    tables: Object.fromEntries(
      readings.map(({ aggregate, fields, measure, gatherer }) => [
        aggregate.name,
        { fields, measure, cells: gatherer.build(fields.map((field) => valueOf(dimensions, field))) },
      ]),
    ),
    counting: { events: findCounting('events').name, users: findCounting('users').name },
    people: null,
  };
}

/** Lists the named groups of topics, and of ages, as far as the period has their names: some, but not all of them. */
function nameGroups(dimensions: Payload['dimensions'], translate: TranslateText): NamedGroup[] {
  return listNamedGroups().flatMap(({ name, names: all }) =>
    usualFilters.flatMap((field): NamedGroup[] => {
      const names = all.map((one) => callName(one, translate));
      return keepNames({ field, name, names }, dimensions);
    }),
  );
}

/** Lists the aggregates of a page: those that its charts draw from, and those of the two counts. */
function listDrawn(): string[] {
  return [findCounting('events').name, findCounting('users').name, ...listChartData()];
}

async function open(
  session: Session,
  aggregate: Aggregate,
  base: number,
  isUnmade: boolean,
): Promise<Reading> {
  const { statement: made, table } = aggregate;
  const { dimensions, measure } = await (isUnmade ? describeAggregate : queryColumns)(session, aggregate);
  const fields = [...new Set([...usualFilters.filter((field) => dimensions.includes(field)), ...dimensions])];
  const statement = sql('render/cells', {
    table: isUnmade ? `(${overLog('aggregate/made', { statement: made, columns: '*' })}) as made` : table,
    base: isUnmade ? '$4' : '$3',
    dimensions: fields
      .map((field) => `coalesce(${quoteName(field)}::text, '') as ${quoteName(field)},`)
      .join('\n  '),
    measure: quoteName(measure),
    places: fields.map((_, at) => at + 1).join(', ') || '()',
  });
  const gatherer = new Gatherer(aggregate.table, (minute) => base + minute * minuteMs);
  const parameters = isUnmade ? ['floor', base] : [base];
  return { aggregate, fields, measure, statement, parameters, gatherer };
}

type CellRow = Record<string, string>;

/** The days that the database gathers while Zen reads the one before them: one for each of two connections. */
const daysAhead = 2;

/** Requests the rows of a day; none of no day. */
async function queryDay(
  session: Session,
  readings: readonly Reading[],
  day: Window | undefined,
): Promise<CellRow[][]> {
  const found: CellRow[][] = [];
  if (day)
    for (const { statement, parameters } of readings)
      found.push(await session.query<CellRow>(statement, [day.start, day.end, ...parameters]));
  return found;
}

async function gatherDay(
  { fields, gatherer }: Reading,
  rows: readonly CellRow[],
  translate: TranslateText,
): Promise<void> {
  const yielder = new Yielder();
  for (const row of rows) {
    await yielder.pass();
    const found = fields.map((field) => valueOf(row, field));
    // A missing name may be NULL or empty, in two rows.
    const most = 2 ** found.filter((name) => name === '').length;
    const names = found.map((name) => callName(name, translate));
    const [minutes, values] = [valueOf(row, 'minutes'), valueOf(row, 'values')].map(readArray) as [
      Float64Array,
      Float64Array,
    ];
    gatherer.add({ names, minutes, values, most });
  }
}

/**
 * Returns the names of each dimension, with the sums of the first aggregate that has it: if possible, the one that
 * counts events.
 */
function gatherNames(readings: Reading[]): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  for (const { fields, gatherer } of readings)
    for (const [at, field] of fields.entries()) {
      const totals = gatherer.totals(at);
      const first = found.get(field);
      if (!first) found.set(field, totals);
      else for (const name of totals.keys()) if (!first.has(name)) first.set(name, 0);
    }
  return found;
}

/** Orders the names of a dimension for display: topics by size, kinds of event by the funnel, others by code point. */
function orderNames(field: string, totals: Map<string, number>, events: EventKind[]): string[] {
  if (field === 'event') return events.map(({ event }) => event);
  return isTopic(field) ? orderTopics(totals) : [...totals.keys()].sort(byCode);
}

/** Gives a colour and a rank to each topic of the dimensions that hold topics. */
export function paintTopics(dimensions: Payload['dimensions']): Topic[] {
  const orders = Object.entries(dimensions).flatMap(([field, all]) => (isTopic(field) ? [all] : []));
  return rankTopics(dimensions, paint(orders));
}

/** Lists the funnel's steps in order, then the log's other kinds of event, in quotes. */
export function orderKinds(found: string[], translate: TranslateText): EventKind[] {
  const steps = listSteps();
  const others = found.filter((event) => !steps.includes(event));
  return [...steps, ...others.sort(byCode)].map((event, rank) => {
    const step = rank < steps.length;
    return { event, name: step ? nameStep(event, translate) : `“${event}”`, rank, step };
  });
}

/** Names a step of the funnel, which a project's language may rename. */
export function nameStep(step: string, translate: TranslateText): string {
  const known = new Map([
    ['show', 'Shows'],
    ['click', 'Clicks'],
    ['view', 'Views'],
  ]);
  return translate((isUsualFunnel() ? known.get(step) : undefined) ?? step);
}
