import type { Baseline } from '../baseline.ts';
import type { Course, TopicRow } from '../topics.ts';
import type { Tables } from '../data/table.ts';
import { splitRateChange } from '../rate-change.ts';
import type { RateChange } from '../rate-change.ts';
import { namesBefore } from '../baseline.ts';
import type { NamedGroup } from '../data/payload.ts';
import type { Selection } from '../selection.ts';
import { known } from '../known.ts';
import { dayMs } from '../units.ts';
import { describeLeft } from './change.ts';
import type { Writer } from './format.ts';
import type { Translate } from './messages.ts';
import { isolate, tellNames, titleOf } from './names.ts';

/** The numbers of a topic's row as texts; the course is an SVG path of `width` × `height`. */
export interface TopicText {
  events: string;
  change: string;
  clicks: string;
  views: string;
  course: string;
}

/** Writes the row of a topic. */
export function describeTopic(row: TopicRow, write: Writer): TopicText {
  const { events, now, before, clicks, views, course } = row;
  return {
    events: write.number(events),
    change: now === null || before === null ? '' : describeGrowth(now, before, write),
    clicks: write.percent(clicks),
    views: write.percent(views),
    course: traceCourse(course),
  };
}

/** Describes the events of named groups, for a message; on the page, they are rows of the topic table, or beside the ages. */
export function listSections(
  topics: readonly TopicRow[],
  ages: readonly TopicRow[],
  write: Writer,
): string[] {
  const list = (rows: readonly TopicRow[]) =>
    rows.map((row) => {
      const { events, change } = describeTopic(row, write);
      return `${isolate(row.name)} – ${events}${change === '' ? '' : ` (${change})`}`;
    });
  const [ofTopics, ofAges] = [list(topics).join(', '), list(ages).join(', ')];
  return [
    ...(ofTopics === '' ? [] : [write.t('Events by group of topics: {groups}.', { groups: ofTopics })]),
    ...(ofAges === '' ? [] : [write.t('Events by group of ages: {groups}.', { groups: ofAges })]),
  ];
}

/** The change from which a factor is easier to read: tenfold. */
const manifold = 10;

/** Compares a number with an earlier one: `+6.5%`, `×25`, “new” when there was none before. */
export function describeGrowth(now: number, before: number, { t, growth, number }: Writer): string {
  if (before === 0) return now === 0 ? '–' : t('new');
  return now / before >= manifold ? `×${number(Math.round(now / before))}` : growth(now / before - 1);
}

/** Says what is compared, and how the share of clicks differs. */
export function explainBaseline(
  tables: Tables,
  selection: Pick<Selection, 'names'>,
  baseline: Baseline | null,
  write: Writer,
): string {
  const rate = baseline && splitRateChange(tables, selection, baseline);
  const compared = describeBaseline(baseline, selection, tables.groups, write);
  if (!rate) return compared;
  const isOfNames = Object.keys(baseline.names).length > 0;
  return `${compared}. ${isOfNames ? describeRates(rate, write) : describeRateChange(rate, write)}`;
}

/** Compares a share of clicks with that of other names; without a common mix, nothing explains the difference. */
function describeRates({ now, before }: RateChange, { t, percent }: Writer): string {
  return `${t('Clicks, of shows')}: ${percent(before)} → ${percent(now)}.`;
}

/** Says how a share of clicks differs from an earlier one, and how much of that is due to the mix. */
export function describeRateChange(
  { now, before, mix, rates, cause }: RateChange,
  { t, percent, signed }: Writer,
): string {
  const points = (share: number) => t('{points} pp', { points: signed(100 * share) });
  return t(
    '{title}: {before} → {now}. The mix of topics and ages accounts for {mix}, the rates for {rates}; {name} contributes most, {by}.',
    {
      ...{ title: t('Clicks, of shows'), before: percent(before), now: percent(now), mix: points(mix) },
      ...{ rates: points(rates), name: isolate(cause.name), by: points(cause.by) },
    },
  );
}

/** The size of a course's picture, in its own units. */
export const [width, height] = [72, 18];

function traceCourse(course: readonly number[]): string {
  const most = Math.max(...course);
  if (!(most > 0)) return '';
  const x = (at: number) => ((at * width) / course.length).toFixed(1);
  const y = (value: number) => (height - (value * (height - 1)) / most).toFixed(1);
  const steps = course.map((value, at) => `V${y(value)}H${x(at + 1)}`);
  return `M0 ${height}${steps.join('')}V${height}Z`;
}

/** The multiple of the usual rate at which a spike is cut off, because it would flatten the rest. */
const mostTimes = 4;

/** Returns the path of a course whose width is its number of minutes, and whose height is 1. */
export function traceRates(course: Course): string {
  const rates = course.map(([, rate]) => rate).filter((rate) => rate > 0);
  if (rates.length === 0) return '';
  const usual = known(rates.sort((a, b) => a - b)[Math.floor(rates.length / 2)]);
  const most = Math.min(known(rates.at(-1)), mostTimes * usual);
  const steps = course.map(([minutes, rate]) => `V${(1 - Math.min(rate / most, 1)).toFixed(3)}h${minutes}`);
  return `M0 1${steps.join('')}V1Z`;
}

/** Says what is compared, and what is left out; empty without a comparison. */
export function describeBaseline(
  baseline: Baseline | null,
  { names }: Pick<Selection, 'names'>,
  groups: readonly NamedGroup[],
  write: Writer,
): string {
  if (!baseline) return '';
  const { window, shift, left } = baseline;
  const fields = Object.keys(baseline.names);
  const tell = (side: Selection['names'], back: number) =>
    [
      ...(shift === 0 ? [] : [write.range(window.start - back, window.end - back)]),
      ...fields.map((field) => tellSide(field, side[field], groups, write)),
    ].join(' · ');
  const [now, before] = [tell(names, 0), tell(namesBefore(names, baseline), shift)];
  const compared =
    fields.length > 0 ? `${before} → ${now}` : write.t('{now} against {before}', { now, before });
  const isDay = write.clock.shift(window.start) % dayMs === 0 && window.end - window.start === dayMs;
  const times = describeLeft(left, isDay ? window.start : null, write);
  return times === '' ? compared : `${compared} ${times}`;
}

/** Lists the names of a field on one side of a comparison, or says that all are included. */
function tellSide(
  field: string,
  chosen: string[] | null | undefined,
  groups: readonly NamedGroup[],
  write: Writer,
): string {
  if (chosen) return tellNames(field, chosen, groups, write);
  if (field === 'item_topic') return write.t('all topics');
  return field === 'age_segment'
    ? write.t('all ages')
    : write.t('{field}: all', { field: titleOf(field, write.t) });
}

/** Says that days are compared by clocks other than the page's; empty when the page uses UTC. */
export function describeDays(span: readonly [number, number], { t, clock }: Writer): string {
  return clock.name(...span) === 'UTC' ? '' : t('Days are compared by UTC.');
}

/** Names another selection of the reader's own: its period and chosen names. */
export function nameSelection(
  { period, names }: Selection,
  groups: readonly NamedGroup[],
  write: Writer,
): string {
  const chosen = Object.entries(names).map(([field, list]) => list && tellNames(field, list, groups, write));
  return [period && write.range(...period), ...chosen].filter((text) => text !== null).join(' · ');
}

/** Says that the comparison may be with another selection. */
export function describeOther({ period, names }: Selection, told: string, { t }: Writer): string {
  const isOfNames = !period || Object.values(names).some((list) => list);
  return isOfNames
    ? t('Choose what to compare with this: {selection}.', { selection: told })
    : t('Choose another period, to compare it with {range}.', { range: told });
}

/** Lists the comparisons that a reader may choose, by their names in `findBaseline`. */
export function listComparisons(t: Translate): { value: string; label: string }[] {
  return [
    { value: 'before', label: t('the period before') },
    { value: 'day', label: t('a day before') },
    { value: 'week', label: t('the same weekday') },
    { value: 'this', label: t('this selection') },
    { value: 'none', label: t('nothing') },
  ];
}
