import type { Baseline } from '../shared/baseline.ts';
import { pick } from '../shared/data/cells.ts';
import { known } from '../shared/known.ts';
import { namesOf } from '../shared/data/payload.ts';
import { ask } from '../shared/data/query.ts';
import type { Question } from '../shared/data/query.ts';
import { tableOf } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import type { Column } from '../shared/panels.ts';
import { shareOfShown } from '../shared/people/funnel.ts';
import { filters } from '../shared/selection.ts';
import type { Selection } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import { describeBaseline } from '../shared/text/topic-text.ts';
import type { WorkSheet } from '../shared/text/xlsx.ts';
import type { TopicRow } from '../shared/topics.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';

/** Cells of the sheet by time, beyond which its steps are longer: hours, then days. */
const mostCells = 1_000_000;
/** Excel has 16,384 columns. */
const mostColumns = 16_000;

/** All that a view is made of. */
export interface Scene {
  tables: Tables;
  selection: Selection;
  span: [number, number];
  baseline: Baseline | null;
  topics: TopicRow[];
  title: string;
}

/** The sheets of a view: topics, topics by time, sources by topics, the funnel, and what was chosen. */
export function listSheets(scene: Scene, write: Writer): WorkSheet[] {
  const sheets = [sheetTopics, sheetTimes, sheetSources, sheetFunnel, sheetParameters];
  return sheets.flatMap((list) => list(scene, write) ?? []);
}

/** The names of a dimension that the selection lets through. */
function listChosen(tables: Tables, by: keyof typeof filters, selection: Selection): string[] {
  return namesOf(tables, filters[by]).filter((name) => selection[by]?.includes(name) ?? true);
}

const column = (title: string, kind: Column['kind']) => ({ title, kind });

function sheetTopics({ topics, selection, baseline }: Scene, { t }: Writer): WorkSheet {
  const compared = baseline
    ? [
        column(t('Events compared'), 'count'),
        column(t('Events before'), 'count'),
        column(t('Change'), 'share'),
      ]
    : [];
  const chosen = topics.filter(({ name }) => selection.topics?.includes(name) ?? true);
  return {
    name: t('Topics'),
    columns: [
      ...[column(t('Card topic'), 'text'), column(t('Events'), 'count'), ...compared],
      ...[column(t('Clicks, of shows'), 'share'), column(t('Views, of shows'), 'share')],
    ],
    body: chosen
      .sort((a, b) => b.events - a.events)
      .map(({ name, events, now, before, clicks, views }) => {
        const change = now === null || before === null || before === 0 ? null : now / before - 1;
        return [name, events, ...(baseline ? [now, before, change] : []), clicks, views];
      }),
  };
}

/** A row for each step of the period that was aggregated; a topic without events in it has a zero. */
function sheetTimes({ tables, selection, span }: Scene, { t }: Writer): WorkSheet {
  const shown = selection.period ?? span;
  const { coarse, lookUps } = tables;
  const least = coarse && shown[0] < coarse.until ? coarse.step : minuteMs;
  const names = listChosen(tables, 'topics', selection).slice(0, mostColumns);
  const cells = (step: number) => ((shown[1] - shown[0]) / step) * (names.length + 1);
  const step = [minuteMs, hourMs].find((one) => one >= least && cells(one) <= mostCells) ?? dayMs;
  const { groups, times } = query({ tables, selection, span }, [filters.topics], step);
  const sums = new Map(groups.map(({ fields, group }) => [String(fields[filters.topics]), group.sums]));
  const isMissing = (dt: number) =>
    lookUps.gaps.some(({ start, end }) => Number(start) <= dt && dt + step <= Number(end));
  return {
    name: t('By time'),
    columns: [column(t('Time, UTC'), 'time'), ...names.map((name) => column(name, 'count'))],
    body: times.flatMap((dt, slot) => {
      const values = names.map((name) => sums.get(name)?.[slot] ?? 0);
      return isMissing(dt) ? [] : [[Math.max(dt, shown[0]), ...values]];
    }),
  };
}

function query(
  { tables, selection: { period, topics, ages }, span }: Pick<Scene, 'tables' | 'selection' | 'span'>,
  groupby: string[],
  step?: number,
): ReturnType<typeof ask> {
  const time = step === undefined ? {} : { time: 'dt' };
  const question: Question = { groupby, measures: [], where: Object.values(filters), ...time };
  const what = groupby.includes('event') ? 'users' : 'events';
  const choice = { chosen: [topics, ages], shown: period ?? span, step: step ?? minuteMs };
  return ask(tableOf(tables, what), question, choice);
}

function sheetSources(scene: Scene, { t }: Writer): WorkSheet | null {
  const field = 'source_topic';
  const sources = namesOf(scene.tables, field);
  if (sources.length === 0) return null;
  const topics = listChosen(scene.tables, 'topics', scene.selection).slice(0, mostColumns);
  const sums = new Map<string, number>();
  const key = (...names: unknown[]) => JSON.stringify(names);
  for (const { fields, group } of query(scene, [field, filters.topics]).groups)
    sums.set(key(fields[field], fields[filters.topics]), pick(group.sums, 0));
  return {
    name: t('Sources by topics'),
    columns: [column(t('Source topic'), 'text'), ...topics.map((name) => column(name, 'count'))],
    body: sources.map((source) => [source, ...topics.map((topic) => sums.get(key(source, topic)) ?? 0)]),
  };
}

/** Users by minute: of all ages that are chosen, and of each. */
function sheetFunnel(scene: Scene, { t }: Writer): WorkSheet {
  const { events } = scene.tables.lookUps;
  const ages = listChosen(scene.tables, 'ages', scene.selection);
  const rows = [scene.selection.ages, ...ages.map((age) => [age])].map((only, at) => {
    const { groups } = query({ ...scene, selection: { ...scene.selection, ages: only } }, ['event']);
    const sums = new Map(groups.map(({ fields, group }) => [fields.event, pick(group.sums, 0)]));
    const of = (event: unknown) => sums.get(event) ?? 0;
    const name = at === 0 ? t('All') : known(ages[at - 1]);
    return events.map(({ event, name: kind }) => [
      name,
      String(kind),
      of(event),
      shareOfShown(of(event), of('show')),
    ]);
  });
  return {
    name: t('Funnel'),
    columns: [
      ...[column(t('Age'), 'text'), column(t('Event'), 'text')],
      ...[column(t('Unique users, summed by minute'), 'count'), column(t('Of shows, by sums'), 'share')],
    ],
    body: rows.flat(),
  };
}

function sheetParameters({ selection, span, baseline, topics, title }: Scene, write: Writer): WorkSheet {
  const { t } = write;
  const [start, end] = selection.period ?? span;
  const chosen = topics.filter(({ name }) => selection.topics?.includes(name) ?? true);
  return {
    name: t('Parameters'),
    columns: [column(title, 'text'), column('', 'count')],
    body: [
      [t('From, UTC'), new Date(start)],
      [t('To, UTC'), new Date(end)],
      [t('Card topics'), selection.topics?.join(', ') ?? t('All')],
      [t('Age'), selection.ages?.join(', ') ?? t('All')],
      [t('Events'), chosen.reduce((sum, { events }) => sum + events, 0)],
      ...(baseline ? [[t('Compared'), describeBaseline(baseline, write)]] : []),
    ],
  };
}
