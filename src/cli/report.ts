import { listEnds, listSteps } from '../log/steps.ts';
import type { Run } from '../ledger/ledger.ts';
import { mostCompared } from '../aggregate/status.ts';
import type { Status } from '../aggregate/status.ts';
import type { Changed } from '../ledger/changed.ts';
import { findCounting, listAggregates } from '../log/aggregates.ts';
import { remedy } from '../ledger/remedy.ts';
import { dayOf } from '../ledger/windows.ts';
import { shorten } from '../errors.ts';
import { quoteArgument } from '../restore/ids.ts';
import type { OddIds } from '../restore/ids.ts';
import type { Summary, NullWords } from '../restore/summary.ts';
import { describeDuration, describeWindow, isoTime, minuteMs } from '../time.ts';
import type { Window } from '../time.ts';
import { describeCount, formatCount } from './format.ts';

/** The state of the aggregates, for people. */
export function describeStatus(status: Status, label: string): string {
  const {
    coverage,
    gaps,
    silences,
    changed,
    late,
    uncounted,
    short,
    outdated,
    age,
    lastEvent,
    eventAge,
    runs,
  } = status;
  const lines = [
    label,
    describeSpan(status),
    lastEvent === null || eventAge === null
      ? 'There is no event up to now.'
      : `The last event up to now is ${describeDuration(eventAge)} old: ${isoTime(lastEvent)}.`,
    ...coverage.map((window) => `Aggregated: ${describeWindow(window)}${ruleOf(window.minute)}.`),
    age === null
      ? 'Nothing is aggregated yet: run zen aggregate.'
      : `The end of that is ${describeDuration(age)} ago.`,
    ...gaps.map((window) => `Not aggregated: ${describeWindow(window)}. ${remedy(window, coverage)}`),
    ...silences.map(
      (window) =>
        `Suspicious silence: ${describeWindow(window)}: not one event in a busy time. Check whether the feed failed.`,
    ),
    ...describeUncompared(status),
    ...mergeDays(changed ?? []).map((day) => `${describeChangedDay(day)} ${remedy(day, coverage)}`),
    ...describeLate(late),
    ...outdated.map(
      ({ table, ...window }) =>
        `Its file in sql/aggregates has changed since: ${table}, ${describeWindow(window)}. Run zen aggregate while the log still has it.`,
    ),
    ...uncounted.map(
      (window) =>
        `People are not counted: ${describeWindow(window)}. ${remedy(window, coverage, ' --users')}`,
    ),
    ...short.map(
      (window) =>
        `People do not reach back a week: ${describeWindow(window)}. Run zen aggregate; where the log has changed or was pruned, it stays so.`,
    ),
    ...(runs.length > 0 ? ['Last runs, the newest first:', ...runs.map(describeRun)] : []),
  ];
  return lines.join('\n');
}

function describeSpan({ readable, first, last }: Status): string {
  if (!readable) return 'There is no log that this role may read: only the tables are told of.';
  return first === null || last === null
    ? 'The log is empty.'
    : `The log has events from ${isoTime(first)} to ${isoTime(last)}.`;
}

function describeUncompared({ readable, changed }: Status): string[] {
  if (changed !== null || !readable) return [];
  const size = `more than ${formatCount(mostCompared)} events`;
  return [`The log has ${size}, and was not compared with the tables. zen status --deep does it.`];
}

function ruleOf(minute: string): string {
  return minute === 'floor' ? '' : ` (--minute ${minute})`;
}

/** A stretch, some minutes of which have changed. */
interface ChangedDay extends Changed {
  minutes: number;
}

/** Joins stretches that share a UTC day, from the first minute to the last. */
function mergeDays(changed: readonly Changed[]): ChangedDay[] {
  const days: ChangedDay[] = [];
  for (const stretch of changed) {
    const minutes = (stretch.end - stretch.start) / minuteMs;
    const last = days.at(-1);
    if (!last || dayOf(last.end - 1) < dayOf(stretch.start)) {
      days.push({ ...stretch, minutes });
      continue;
    }
    last.end = stretch.end;
    last.minutes += minutes;
    last.events += stretch.events;
    last.visits += stretch.visits;
  }
  return days;
}

function describeChangedDay({ events, visits, minutes, ...window }: ChangedDay): string {
  const isWhole = window.end - window.start === minutes * minuteMs;
  const where = `${isWhole ? '' : `${describeCount(minutes, 'minute')} of `}${describeWindow(window)}`;
  return `Changed since: ${where}: the log has ${describeCount(events, 'event')}${isWhole ? '' : ' in them'}, ${findCounting().table} ${formatCount(visits)}.`;
}

/** A line for each day. */
export function describeLate(late: readonly Changed[]): string[] {
  return mergeDays(late).map(
    ({ events, minutes, ...window }) =>
      `Came late: ${describeCount(minutes, 'minute')} of ${describeWindow(window)}: the log has ${describeCount(events, 'event')} in them, ` +
      'though it was pruned there. No table has them. Delete them, or restore what was pruned with --append and aggregate that day again.',
  );
}

function describeRun(run: Run): string {
  return `  ${isoTime(run.finished)}  ${describeWindow(run)}${ruleOf(run.minute)}: ${describeOutcome(run)}`;
}

function describeOutcome({ started, finished, outcome, error, ...run }: Run): string {
  const events = describeCount(run.events ?? 0, 'event');
  const rows = `${Object.values(run.written ?? {})
    .map(formatCount)
    .join(' + ')} rows`;
  switch (outcome) {
    case 'done':
      return `${events} into ${rows}, in ${((finished - started) / 1000).toFixed(1)} s`;
    case 'failed':
      return `failed: ${error ?? ''}`;
    case 'pruned':
      return `${events} pruned from the log`;
    case 'dropped':
      return `${rows} pruned from the aggregates`;
    case 'restored':
      return `a restored log of ${events}`;
  }
}

/** The state of the aggregates, for programs: times in ISO 8601, UTC; the age in seconds. */
export function statusJson({
  first,
  last,
  coverage,
  gaps,
  silences,
  changed,
  late,
  uncounted,
  short,
  age,
  lastEvent,
  eventAge,
  outdated,
  runs,
}: Status): Record<string, unknown> {
  const iso = (ms: number | null) => (ms === null ? null : isoTime(ms));
  const seconds = (ms: number | null) => (ms === null ? null : Math.floor(ms / 1000));
  const window = <T extends Window>(of: T) => ({ ...of, start: isoTime(of.start), end: isoTime(of.end) });
  return {
    first: iso(first),
    last: iso(last),
    coverage: coverage.map(window),
    gaps: gaps.map(window),
    silences: silences.map(window),
    changed: changed?.map(window) ?? null,
    late: late.map(window),
    uncounted: uncounted.map(window),
    short: short.map(window),
    age_seconds: seconds(age),
    last_event: iso(lastEvent),
    last_event_age_seconds: seconds(eventAge),
    outdated: outdated.map(window),
    runs: runs.map(({ written, ...run }) => ({
      ...window(run),
      ...{ started: iso(run.started), finished: iso(run.finished) },
      ...Object.fromEntries(listAggregates().map(({ name }) => [`${name}_rows`, written?.[name] ?? null])),
    })),
  };
}

/** Tells what the log holds, then a line for each oddity in it, or in the ids of the backup. */
export function describeLog(summary: Summary, odd: readonly OddIds[]): string {
  const { first, last, nulls, duplicate_ids, outside, in_seconds } = summary;
  const lines = [
    `It holds ${describeCount(summary.item_topics, 'card topic')}, ${describeCount(summary.source_topics, 'source topic')}, ` +
      `${describeCount(summary.age_segments, 'age group')}, ${describeCount(summary.events, 'kind of event', 'kinds of event')}` +
      (first === null || last === null ? '.' : `, from ${isoTime(first)} to ${isoTime(last)}.`),
    ...describeKinds(summary),
  ];
  const missing = Object.entries(nulls).map(([name, number]) => `${name} ${formatCount(number)}`);
  if (missing.length > 0) lines.push(`Missing values: ${missing.join(', ')}.`);
  lines.push(...odd.map(describeIds));
  lines.push(...summary.words.map(describeWord));
  if (duplicate_ids > 0)
    lines.push(`${describeCount(duplicate_ids, 'event repeats', 'events repeat')} the id of another.`);
  if (outside > 0)
    lines.push(`${describeCount(outside, 'event lies', 'events lie')} outside the years 2000 to 2100.`);
  if (in_seconds > 0)
    lines.push(`${formatCount(in_seconds)} of them look like seconds: ts should be milliseconds.`);
  return lines.join('\n');
}

/** The kinds of event, and those that may be meant for the funnel but have other names. */
function describeKinds({ kinds, events }: Summary): string[] {
  const funnel = listSteps();
  const [first] = listEnds();
  const steps = `${funnel.slice(0, -1).join(', ')} and ${funnel.at(-1) ?? ''}`;
  if (kinds.length === 0) return [];
  const named = kinds.map(({ name, events }) => `${nameInQuotes(name)} ${formatCount(events)}`);
  const more = events > kinds.length ? `, and ${formatCount(events - kinds.length)} more` : '';
  const lines = [`Events: ${named.join(', ')}${more}.`];
  const other = kinds.filter(({ name }) => !funnel.includes(name));
  const alike = other.filter(({ name }) => funnel.includes(name.trim().toLowerCase()));
  const isEmpty = events === kinds.length && !kinds.some(({ name }) => name === first);
  const meant =
    isEmpty && !alike.some(({ name }) => name.trim().toLowerCase() === first) ? other.slice(0, 1) : [];
  if (isEmpty)
    lines.push(`No event is named ${first}, so the funnel will be empty: it counts ${steps}, spelled so.`);
  else if (alike.length > 0) lines.push(`The funnel counts ${steps}, spelled so, and no other names.`);
  const renamable = [...alike, ...meant].filter(({ name }) => !/[,=]/.test(name)); // as the option has them
  const renamed = renamable.map(({ name }) => {
    const step = name.trim().toLowerCase();
    return [name, funnel.includes(step) ? step : first] as const;
  });
  if (renamed.length > 0) {
    const meanings = renamed.map(([name, step]) => `${nameInQuotes(name)} means ${step}`);
    const events = renamed.map((pair) => pair.join('=')).join(',');
    lines.push(`If ${meanings.join(' and ')}, restore again with --events ${quoteArgument(events)}.`);
  }
  const own = kinds.slice(0, 3).map(({ name }) => name);
  if (isEmpty && own.length > 1)
    lines.push(
      `If the steps are others, name them in order in zen.json: "funnel": ${shorten(JSON.stringify(own), 200)}.`,
    );
  return lines;
}

export function describeIds({ column, kept, numbers, others, examples }: OddIds): string {
  const few = examples.slice(0, 3);
  const written = few.map(([value]) => nameInQuotes(value)).join(', ');
  const counted = few.map(([value, rows]) => `${nameInQuotes(value)} × ${formatCount(rows)}`).join(', ');
  return kept === 'text'
    ? `${column} is kept as text. Numbers: ${formatCount(numbers)}; other values: ${formatCount(others)}, such as ${counted}.`
    : `${column} is read as whole numbers where they are written otherwise: ${describeCount(others, 'value')}, such as ${written}.`;
}

function describeWord({ column, word, events }: NullWords): string {
  return (
    `${column} has ${nameInQuotes(word)} × ${formatCount(events)}, which is counted as a name. ` +
    `If it means NULL, restore again with --null ${quoteArgument(word)}`
  );
}

function nameInQuotes(name: string): string {
  return `“${shorten(name, 60)}”`;
}

/** Tells what the log holds, for programs. */
export function logJson(summary: Summary, odd: readonly OddIds[]): Record<string, unknown> {
  const iso = (ms: number | null) => (ms === null ? null : isoTime(ms));
  const ids = odd.map(({ examples, ...each }) => ({ ...each, examples: Object.fromEntries(examples) }));
  return { ...summary, first: iso(summary.first), last: iso(summary.last), ids };
}
