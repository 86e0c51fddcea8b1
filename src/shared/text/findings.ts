import type { NamedGroup } from '../data/payload.ts';
import { findPeak } from '../minutes.ts';
import { listEnds, shareOfFirst } from '../people/funnel.ts';
import type { PeopleRow } from '../people/funnel.ts';
import type { RetentionRow } from '../people/retention.ts';
import type { Panel } from '../panels.ts';
import type { Row, Tables } from '../data/table.ts';
import { isTopic, tableOf } from '../data/table.ts';
import { controlOf } from '../selection.ts';
import type { Selection } from '../selection.ts';
import type { Baseline } from '../baseline.ts';
import { isNarrowed } from '../data/query.ts';
import { addUp, sumBaseline } from '../topics.ts';
import { dayMs } from '../units.ts';
import { describeGrowth } from './topic-text.ts';
import type { Writer } from './format.ts';
import { isolate, tellNames, titleOf } from './names.ts';

/** The headline figures. */
export interface Headline {
  events: string;
  views: string;
  peak: string;
}

/** The change in events, and in the view share, in percentage points; empty without a comparison. */
export interface Changes {
  eventsChange: string;
  viewsChange: string;
}

/** Puts the figures of a selection with that many events into words. */
export function describeHeadline(
  events: number,
  tables: Tables,
  selection: Selection,
  span: [number, number],
  write: Writer,
  baseline: Baseline | null = null,
): Headline & Changes {
  const changes = baseline
    ? describeChanges(tables, selection, baseline, write)
    : { eventsChange: '', viewsChange: '' };
  if (events === 0) return { events: write.number(0), views: '–', peak: '–', ...changes };
  const [start, end] = selection.period ?? span;
  const peak = findPeak(tables, selection, span);
  const { time, clock } = write;
  const [first, last] = [clock.shift(start), clock.shift(end - 1)];
  const isDated = Math.floor(first / dayMs) !== Math.floor(last / dayMs);
  return {
    events: write.number(events),
    views: write.percent(shareOfFirst(tables, selection, span)),
    peak: write.t(isDated ? '{events} on {time}' : '{events} at {time}', {
      events: peak.events,
      time: time(peak.dt, isDated),
    }),
    ...changes,
  };
}

/** Returns the changes of the two figures, in the minutes that both stretches have. */
function describeChanges(tables: Tables, selection: Selection, baseline: Baseline, write: Writer): Changes {
  const { now, before } = sumBaseline(tableOf(tables, 'events'), 'item_topic', selection.names, baseline);
  const [, , last] = listEnds(tables);
  const views = describeSteps(tables, selection, baseline, write).find(({ event }) => event === last);
  return {
    eventsChange: describeGrowth(addUp(now), addUp(before), write),
    viewsChange: views?.change ?? '',
  };
}

/**
 * The change of a kind of event in the funnel, looked up by rank, and its share of the first step on the other side of
 * the comparison.
 */
export interface StepChange {
  event: string;
  rank: unknown;
  change: string;
  before: number | null;
}

/**
 * Describes how the funnel changed, in the minutes that both stretches have: the users of its first step, and the other
 * kinds' shares of these, in percentage points. Nothing when users cannot be filtered this way.
 */
export function describeSteps(
  tables: Tables,
  { names }: Selection,
  baseline: Baseline | null,
  write: Writer,
): StepChange[] {
  const users = tableOf(tables, 'users');
  if (!baseline || ![names, baseline.names].every((side) => isNarrowed(users, Object.entries(side))))
    return [];
  const sums = sumBaseline(users, 'event', names, baseline);
  const [first] = listEnds(tables);
  const [shows, showsBefore] = [sums.now.get(first) ?? 0, sums.before.get(first) ?? 0];
  return tables.lookUps.events.map(({ event: name, rank }) => {
    const event = String(name);
    const before = (sums.before.get(event) ?? 0) / showsBefore;
    const points = 100 * ((sums.now.get(event) ?? 0) / shows - before);
    const share = Number.isFinite(points) ? write.t('{points} pp', { points: write.signed(points) }) : '';
    const change = event === first ? describeGrowth(shows, showsBefore, write) : share;
    return { event, rank, change, before: event !== first && Number.isFinite(before) ? before : null };
  });
}

/**
 * Puts a panel's finding in its rows into words; empty when there is nothing to say.
 *
 * @throws Error when the rows lack a field of the finding, or have no number in it
 */
export function describeFinding(
  { finding, columns, measure }: Panel,
  rows: readonly Row[],
  write: Writer,
): string {
  const [first] = rows;
  if (!first) return '';
  if (finding === 'funnel') return describeFunnel(rows, write);
  if (finding === 'people') return describePeople(rows as unknown as PeopleRow[], write);
  if (finding === 'retention') return describeRetention(rows as unknown as RetentionRow[], write);
  const [, some, field, by = measure] = /^largest (?:(\d+) )?of (\w+)(?: by (\w+))?$/.exec(finding) ?? [];
  if (field === undefined) return fillIn(finding, rows, columns, write);
  const sums = new Map<string, number>();
  for (const row of rows) {
    const [name, value] = [row[field], row[by]];
    if (typeof name !== 'string' || typeof value !== 'number')
      throw new Error(`the finding “${finding}” needs names in ${field} and numbers in ${by}`);
    sums.set(name, (sums.get(name) ?? 0) + value);
  }
  const sorted = [...sums].sort(([, a], [, b]) => b - a);
  const title = columns.find((column) => column.field === by)?.title;
  const tell = (value: number) =>
    title === write.t('Events') ? write.t('{events event|events}', { events: value }) : write.number(value);
  return describeLargest(
    sorted,
    some === undefined ? 1 : Number(some),
    { areTopics: isTopic(field), tell },
    write,
  );
}

/** Names the largest of some names, several together when there are more than a few. */
function describeLargest(
  sorted: [name: string, sum: number][],
  some: number,
  { areTopics, tell }: { areTopics: boolean; tell: (value: number) => string },
  write: Writer,
): string {
  const all = sorted.reduce((sum, [, one]) => sum + one, 0);
  const [name, value] = sorted[0] ?? ['', 0];
  const amount = tell(value);
  const topic = isolate(name);
  const count = sorted.length;
  if (count === 1) return write.t('Only {topic}: {amount}.', { topic, amount });
  if (some > 1 && count > some) {
    const largest = sorted.slice(0, some);
    return write.t('{topics} make up {share}.', {
      topics: write.list(largest.map(([one]) => isolate(one))),
      share: write.percent(largest.reduce((sum, [, one]) => sum + one, 0) / all),
    });
  }
  return write.t(
    areTopics
      ? 'The largest of {count topic|topics} is {topic}: {amount}, {share}.'
      : 'The largest of {count value|values} is {topic}: {amount}, {share}.',
    { count, topic, amount, share: write.percent(value / all) },
  );
}

/**
 * Fills in a finding: `{view.share}` is the share in the row whose first text is `view`, with fields named by `data`.
 * Empty when any of them is unknown.
 */
function fillIn(finding: string, rows: readonly Row[], columns: Panel['columns'], write: Writer): string {
  let isKnown = true;
  const values: Record<string, string> = {};
  for (const [, place = '', name, field = ''] of finding.matchAll(/\{((\w+)\.(\w+))\}/g)) {
    const value = rows.find((row) => Object.values(row).includes(name))?.[field];
    const kind = columns.find((column) => column.field === field)?.kind;
    isKnown &&= typeof value === 'number';
    if (typeof value === 'number')
      values[place] = kind === 'share' ? write.percent(value) : write.number(value);
  }
  return isKnown ? write.t(finding, values) : '';
}

/** States each step of a funnel as a share of the first. */
function describeFunnel(rows: readonly Row[], write: Writer): string {
  const [first, ...steps] = rows
    .filter(({ is_step }) => is_step)
    .map((row) => ({ ...row, name: String(row.name) }));
  const said = steps.map(
    (row) => `${isolate(row.name)} ${write.percent((row as Row).share as number | null)}`,
  );
  return first
    ? write.t('Of “{first}”: {steps}.', { first: isolate(first.name), steps: said.join(', ') })
    : '';
}

function describePeople(people: readonly PeopleRow[], { t, percent }: Writer): string {
  const [show, click, view] = ['show', 'click', 'view'].map((event) =>
    people.find((row) => row.event === event),
  );
  if (!show) return '';
  const share = (row = nobody) => between(row.share_low, row.share_high, percent);
  const shares = { clicks: share(click), views: share(view) };
  const isExact = people.every(({ low, high }) => low === high);
  const said = [
    show.low === show.high
      ? t('Of {people person|people} shown a card, {clicks} clicked and {views} viewed one.', {
          people: show.low,
          ...shares,
        })
      : t('Of {low} to {high} people shown a card, {clicks} clicked and {views} viewed one.', {
          low: show.low,
          high: show.high,
          ...shares,
        }),
    isExact ? '' : t('The exact number is unknown, so a range is shown.'),
    show.parts === 1
      ? ''
      : t(
          'Over so long a period, each person counts once in each of {parts part|parts}; in total, they are {least} to {most} distinct people.',
          { parts: show.parts, least: show.least, most: show.high },
        ),
  ];
  return said.filter((text) => text !== '').join(' ');
}

function describeRetention(rows: readonly RetentionRow[], { t, percent }: Writer): string {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return '';
  const share = ({ share_low, share_high }: RetentionRow) => between(share_low, share_high ?? 1, percent);
  const isExact = rows.every(({ low, high }) => low === high);
  const said = [
    last === first
      ? t('Of the people shown a card on a day, {next} were shown one on the next day, too.', {
          next: share(first),
        })
      : t(
          'Of the people shown a card on a day, {next} were shown one on the next day, too, and {later} within {days day|days}.',
          { next: share(first), later: share(last), days: last.days },
        ),
    isExact ? '' : t('The exact number is unknown, so a range is shown.'),
  ];
  return said.filter((text) => text !== '').join(' ');
}

const nobody: Pick<PeopleRow, 'share_low' | 'share_high'> = { share_low: 0, share_high: 0 };

function between(low: number | null, high: number | null, write: Writer['percent']): string {
  const [least, most] = [write(low), write(high)];
  return least === most ? least : `${least} – ${most}`;
}

/**
 * Lists the parts of the line that says what is shown on a page covering `span`, each with the id of its control.
 *
 * @param filters the fields that the page filters by
 * @param groups the named groups, whose titles stand for all their names
 */
export function describeSelection(
  { period, names }: Selection,
  span: [number, number],
  write: Writer,
  filters: readonly string[],
  groups: readonly NamedGroup[] = [],
): { id: string; text: string }[] {
  const { t } = write;
  const [start, end] = period ?? span;
  const tell = (field: string) => {
    const own = names[field];
    const said = own ? tellNames(field, own, groups, write) : '';
    if (field === 'item_topic') return own ? t('topics: {names}', { names: said }) : t('all topics');
    if (field === 'age_segment') return own ? t('age: {names}', { names: said }) : t('all ages');
    return own ? `${titleOf(field, t)}: ${said}` : '';
  };
  const chosen = filters.map((field) => ({ id: controlOf(field), text: tell(field) }));
  return [
    { id: 'period', text: `${write.range(start, end)} ${write.clock.name(start, end)}` },
    ...chosen.filter(({ text }) => text !== ''),
  ];
}
