import { namesBefore } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import { pick } from './data/cells.ts';
import { ask, isNarrowed } from './data/query.ts';
import type { Answer, Choice, Question } from './data/query.ts';
import { rankOf, tableOf } from './data/table.ts';
import type { Row, Table, Tables } from './data/table.ts';
import { namesOf } from './data/payload.ts';
import type { Payload } from './data/payload.ts';
import { listEnds, shareOfShown } from './people/funnel.ts';
import { historySteps, stepAt, stepFor } from './ladder.ts';
import { findGroup } from './selection.ts';
import type { Selection } from './selection.ts';
import { minuteMs } from './units.ts';

/** A card topic in a selection, regardless of the topics chosen there. */
export interface TopicRow {
  name: string;
  events: number;
  /** Its events in the compared minutes, now and before; null without a comparison. */
  now: number | null;
  before: number | null;
  /**
   * The users who clicked and who viewed (the funnel's second and last step), summed by minute and age, as shares of
   * the first step; null without any.
   */
  clicks: number | null;
  views: number | null;
  /** Its events in equal steps of the selection. */
  course: number[];
}

/** The most steps in a course. */
const steps = 36;

/** Lists the card topics by code, filtered by the period and by all chosen names except topics. */
export function listTopics(
  tables: Tables,
  selection: Selection,
  span: [number, number],
  baseline: Baseline | null,
): TopicRow[] {
  const add = adder('item_topic', tables, selection, span, baseline);
  return namesOf(tables, 'item_topic').map((name) => add(name, [name]));
}

/** Lists the named groups of a field likewise, each as the sum of its names. */
export function listGroupRows(field: string, ...from: Parameters<typeof listTopics>): TopicRow[] {
  const [tables] = from;
  const groups = tables.groups.filter((group) => group.field === field);
  const isCounted = tableOf(tables, 'events').dimensions.some((fields) => Object.hasOwn(fields, field));
  if (groups.length === 0 || !isCounted) return [];
  const add = adder(field, ...from);
  return groups.map(({ name, names }) => add(name, names));
}

/**
 * Lists the named groups of ages that still have all their events; when ages are merged, only those whose people are
 * counted.
 */
export function listWholeAges(
  { merged, people, groups = [], dimensions }: Payload,
  ...from: Parameters<typeof listTopics>
): TopicRow[] {
  const rows = listGroupRows('age_segment', ...from);
  if (!merged?.groups) return rows;
  const nameOf = (place: number) => pick(namesOf({ dimensions }, 'age_segment'), place);
  const counted = people?.groups?.ages.map((one) => findGroup(groups, 'age_segment', one.map(nameOf))?.name);
  return rows.filter(({ name }) => counted?.includes(name));
}

/** Returns a function that sums some names of a field into one row, under a given name. */
function adder(
  field: string,
  tables: Tables,
  selection: Selection,
  span: [number, number],
  baseline: Baseline | null,
): (name: string, names: readonly string[]) => TopicRow {
  const shown = selection.period ?? span;
  const chosen = Object.entries({ ...selection.names, [field]: null });
  const choice = { chosen, shown, step: minuteMs };
  const events = tableOf(tables, 'events');
  const totals = sumBy(events, field, choice);
  const names = { ...selection.names, [field]: null };
  // Names of the field itself, at the same time, are no basis for comparing one of them.
  const isOther =
    baseline && (baseline.shift !== 0 || Object.keys(baseline.names).some((one) => one !== field));
  const others = isOther ? { ...baseline, names: { ...baseline.names, [field]: null } } : null;
  const compared = others && sumBaseline(events, field, names, others);
  const users = sumUsers(tables, field, choice);
  const courses = traceNames(tables, field, choice);
  const [first, second, last] = listEnds(tables);
  return (name, names) => {
    const sum = (sums: ReadonlyMap<string, number> | undefined) =>
      names.reduce((all, one) => all + (sums?.get(one) ?? 0), 0);
    const of = (event: string) => shareOfShown(sum(users.get(event)), sum(users.get(first)));
    return {
      name,
      events: sum(totals),
      now: compared && sum(compared.now),
      before: compared && sum(compared.before),
      clicks: of(second),
      views: of(last),
      course: addCourses(names.map((one) => courses.get(one)).filter((course) => course !== undefined)),
    };
  };
}

function addCourses(courses: readonly number[][]): number[] {
  const length = Math.max(...courses.map((course) => course.length));
  return Array.from({ length }, (_, step) => courses.reduce((all, course) => all + pick(course, step), 0));
}

/** Sums an aggregate by the names of a dimension; a name without rows is left out. */
function sumBy(table: Table, field: string, choice: Choice): Map<string, number> {
  const { groups } = ask(table, { groupby: [field], measures: [] }, choice);
  return new Map(groups.map(({ fields, group }) => [String(fields[field]), pick(group.sums, 0)]));
}

/** Sums the minutes that two selections share, for the later one and for the earlier one. */
export function sumBaseline(
  table: Table,
  field: string,
  names: Selection['names'],
  baseline: Pick<Baseline, 'both' | 'shift' | 'names'>,
): { now: Map<string, number>; before: Map<string, number> } {
  const sum = (side: Selection['names'], back: number) => {
    const sums = new Map<string, number>();
    const choice = { chosen: Object.entries(side), step: minuteMs };
    for (const { start, end } of baseline.both)
      for (const [name, value] of sumBy(table, field, { ...choice, shown: [start - back, end - back] }))
        sums.set(name, (sums.get(name) ?? 0) + value);
    return sums;
  };
  return { now: sum(names, 0), before: sum(namesBefore(names, baseline), baseline.shift) };
}

/**
 * Returns, for each kind of event, the users of each name, summed by minute and age; none when users cannot be filtered
 * this way.
 */
function sumUsers(tables: Tables, field: string, choice: Choice): Map<string, Map<string, number>> {
  const users = tableOf(tables, 'users');
  const sums = new Map<string, Map<string, number>>();
  if (!isNarrowed(users, choice.chosen)) return sums;
  for (const { fields, group } of ask(users, { groupby: [field, 'event'], measures: [] }, choice).groups) {
    const event = String(fields.event);
    const found = sums.get(event) ?? new Map<string, number>();
    sums.set(event, found.set(String(fields[field]), pick(group.sums, 0)));
  }
  return sums;
}

/** A name's clicks and views on the other side of a comparison, as shares of its shows there. */
export interface RatesBefore {
  clicks_before: number | null;
  views_before: number | null;
}

/** Lists these rates for each name of a field, in the compared minutes; none when users cannot be filtered this way. */
export function listRatesBefore(
  tables: Tables,
  field: string,
  { names }: Selection,
  baseline: Baseline | null,
): (Row & RatesBefore)[] {
  if (!baseline) return [];
  const users = tableOf(tables, 'users');
  const chosen = Object.entries(namesBefore(names, baseline));
  if (!isNarrowed(users, [...Object.entries(names), ...chosen])) return [];
  const found = new Map<unknown, { own: Row; sums: Map<unknown, number> }>();
  for (const { start, end } of baseline.both) {
    const shown: [number, number] = [start - baseline.shift, end - baseline.shift];
    const question: Question = { groupby: [field, rankOf(field), 'event'], measures: [] };
    for (const { fields, group } of ask(users, question, { chosen, shown, step: minuteMs }).groups) {
      const { event, ...own } = fields;
      const { sums } = found.get(own[field]) ?? { sums: new Map<unknown, number>() };
      found.set(own[field], { own, sums: sums.set(event, (sums.get(event) ?? 0) + pick(group.sums, 0)) });
    }
  }
  const [first, second, last] = listEnds(tables);
  return [...found.values()].map(({ own, sums }) => {
    const of = (event: string) => shareOfShown(sums.get(event) ?? 0, sums.get(first) ?? 0);
    return { ...own, clicks_before: of(second), views_before: of(last) };
  });
}

/** Returns the course of each name in equal steps, none shorter than those of the rows. */
function traceNames(tables: Tables, field: string, choice: Choice): Map<string, number[]> {
  const { groups } = askCourse(tables, [field], choice, steps);
  return new Map(groups.map(({ fields, group }) => [String(fields[field]), [...group.sums]]));
}

function askCourse(tables: Tables, groupby: string[], { chosen, shown }: Choice, most: number): Answer {
  const length = shown[1] - shown[0];
  // Whole steps of the history, which are ready before the minutes are.
  const fine = stepFor(length / minuteMs, historySteps) * minuteMs;
  const least = Math.max(fine, stepAt(tables.ladder, shown[0]));
  const step = Math.max(least, Math.ceil(length / most / least) * least);
  const question: Question = { groupby, time: 'dt', measures: [] };
  return ask(tableOf(tables, 'events'), question, { chosen, shown, step });
}

/** Consecutive steps, each with its number of shown minutes and its events per minute. */
export type Course = readonly (readonly [minutes: number, rate: number])[];

/** The most steps in the course of all events: enough for a week of hours. */
const stripSteps = 168;

/** Returns the course of all events of some names over the whole page. */
export function traceEvents(
  tables: Tables,
  { names }: Pick<Selection, 'names'>,
  span: [number, number],
): Course {
  const choice = { chosen: Object.entries(names), shown: span, step: minuteMs };
  const { groups, lengths } = askCourse(tables, [], choice, stripSteps);
  const sums = groups[0]?.group.sums;
  return lengths.map((minutes, at) => [minutes, sums ? pick(sums, at) / minutes : 0]);
}

/** Adds up the sums of all names. */
export function addUp(sums: ReadonlyMap<string, number>): number {
  return [...sums.values()].reduce((all, one) => all + one, 0);
}

/** The number of largest topics that have a colour of their own in the history, besides the one that moved most. */
const largest = 7;
/** The colour of all other topics, which the style sheet knows. */
export const rest = '#c3cad3';

/**
 * Chooses which topics have their own colour in the history; the others share one grey. Among the chosen topics these
 * are the seven largest and the one that moved most, or all of up to eight. Charts look up the colour as `tint`, the
 * position in the stack as `layer`; grey is on top, in one band.
 */
export function tintTopics(
  { lookUps }: Tables,
  rows: readonly TopicRow[],
  chosen: readonly string[] | null,
): void {
  const among = rows.filter(({ name }) => chosen?.includes(name) ?? true);
  const sorted = [...among].sort((a, b) => b.events - a.events);
  const move = ({ now, before }: TopicRow) => Math.abs((now ?? 0) - (before ?? 0));
  const mover = [...sorted.slice(largest)].sort((a, b) => move(b) - move(a))[0];
  const own = new Set([...sorted.slice(0, largest), ...(mover ? [mover] : [])].map(({ name }) => name));
  for (const topic of lookUps.topics) {
    const isOwn = own.has(String(topic.name));
    topic.tint = isOwn ? topic.color : rest;
    topic.layer = Number(topic.rank) + (isOwn ? 0 : lookUps.topics.length);
  }
}
