import type { Baseline } from '../shared/baseline.ts';
import { pick } from '../shared/data/cells.ts';
import { known, missing } from '../shared/known.ts';
import { stepAt } from '../shared/ladder.ts';
import { namesOf } from '../shared/data/payload.ts';
import { ask, isNarrowed } from '../shared/data/query.ts';
import { tableOf } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import type { Column } from '../shared/panels.ts';
import { listEnds, shareOfShown } from '../shared/people/funnel.ts';
import type { Selection } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import { titleOf } from '../shared/text/names.ts';
import { describeBaseline } from '../shared/text/topic-text.ts';
import type { WorkSheet } from '../shared/text/xlsx.ts';
import type { TopicRow } from '../shared/topics.ts';
import { dayMs, hourMs, minuteMs } from '../shared/units.ts';

const [topic, age] = ['item_topic', 'age_segment'] as const;

/** The most cells in a sheet by time; beyond that, its steps become hours, then days. */
const mostCells = 1_000_000;
/** Excel has 16,384 columns. */
const mostColumns = 16_000;

/** The inputs for a view's workbook. */
export interface Scene {
  tables: Tables;
  selection: Selection;
  span: [number, number];
  baseline: Baseline | null;
  topics: TopicRow[];
  title: string;
  /** The fields that the page filters by. */
  filters: readonly string[];
}

/** Builds the sheets of a view: topics, topics by time, sources by topics, the funnel, and the current choice. */
export function listSheets(scene: Scene, write: Writer): WorkSheet[] {
  const sheets = [sheetTopics, sheetTimes, sheetSources, sheetFunnel, sheetParameters];
  return sheets.flatMap((list) => list(scene, write) ?? []);
}

/** Tells whether the selection lets a name through. */
function isChosen({ names }: Selection, field: string, name: string): boolean {
  return names[field]?.includes(name) ?? true;
}

/** Lists the names of a dimension that the selection lets through. */
function listChosen({ tables, selection }: Scene, field: string): string[] {
  return namesOf(tables, field).filter((name) => isChosen(selection, field, name));
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
  return {
    name: t('Topics'),
    columns: [
      ...[column(t('Card topic'), 'text'), column(t('Events'), 'count'), ...compared],
      ...[column(t('Clicks, of shows'), 'share'), column(t('Views, of shows'), 'share')],
    ],
    body: topics
      .filter(({ name }) => isChosen(selection, topic, name))
      .sort((a, b) => b.events - a.events)
      .map(({ name, events, now, before, clicks, views }) => {
        const change = now === null || before === null || before === 0 ? null : now / before - 1;
        return [name, events, ...(baseline ? [now, before, change] : []), clicks, views];
      }),
  };
}

/** Makes a row for each aggregated step of the period; a topic without events in it has a zero. */
function sheetTimes(scene: Scene, { t }: Writer): WorkSheet {
  const { tables, selection, span } = scene;
  const shown = selection.period ?? span;
  const { ladder, lookUps } = tables;
  const least = stepAt(ladder, shown[0]);
  const names = listChosen(scene, topic).slice(0, mostColumns);
  const cells = (step: number) => ((shown[1] - shown[0]) / step) * (names.length + 1);
  const step = [least, Math.max(least, hourMs)].find((one) => cells(one) <= mostCells) ?? dayMs;
  const { groups, times } = query(scene, [topic], step);
  const sums = new Map(groups.map(({ fields, group }) => [String(fields[topic]), group.sums]));
  const isMissing = (dt: number) =>
    lookUps.gaps.some(({ start, end }) => Number(start) <= dt && dt + step <= Number(end));
  return {
    name: t('By time'),
    columns: [column(t('Time, UTC'), 'time'), ...names.map((name) => column(name, 'count'))],
    body: times.flatMap((dt, slot) => {
      const own = names.map((name) => sums.get(name)); // undefined for a name without events
      const values = own.map((sum) => (sum ? (sum[slot] ?? missing()) : 0));
      return isMissing(dt) ? [] : [[Math.max(dt, shown[0]), ...values]];
    }),
  };
}

function query({ tables, selection, span }: Scene, groupby: string[], step?: number): ReturnType<typeof ask> {
  const what = groupby.includes('event') ? 'users' : 'events';
  const shown = selection.period ?? span;
  const choice = { chosen: Object.entries(selection.names), shown, step: step ?? minuteMs };
  const time = step === undefined ? undefined : 'dt';
  return ask(tableOf(tables, what), { groupby, measures: [], time }, choice);
}

function sheetSources(scene: Scene, { t }: Writer): WorkSheet | null {
  const field = 'source_topic';
  const sources = listChosen(scene, field);
  if (sources.length === 0) return null;
  const topics = listChosen(scene, topic).slice(0, mostColumns);
  const sums = new Map<string, number>();
  const key = (...names: unknown[]) => JSON.stringify(names);
  for (const { fields, group } of query(scene, [field, topic]).groups)
    sums.set(key(fields[field], fields[topic]), pick(group.sums, 0));
  return {
    name: t('Sources by topics'),
    columns: [column(t('Source topic'), 'text'), ...topics.map((name) => column(name, 'count'))],
    body: sources.map((source) => [source, ...topics.map((name) => sums.get(key(source, name)) ?? 0)]),
  };
}

/** Lists users by minute: for all chosen ages, and for each. */
function sheetFunnel(scene: Scene, { t }: Writer): WorkSheet | null {
  const { tables, selection } = scene;
  if (!isNarrowed(tableOf(tables, 'users'), Object.entries(selection.names))) return null;
  const ages = listChosen(scene, age);
  const [first] = listEnds(tables);
  const rows = [selection.names[age] ?? null, ...ages.map((one) => [one])].map((only, at) => {
    const { groups } = query(
      { ...scene, selection: { ...selection, names: { ...selection.names, [age]: only } } },
      ['event'],
    );
    const sums = new Map(groups.map(({ fields, group }) => [fields.event, pick(group.sums, 0)]));
    const of = (event: unknown) => sums.get(event) ?? 0;
    const name = at === 0 ? t('All') : known(ages[at - 1]);
    return tables.lookUps.events.map(({ event, name: kind }) => [
      name,
      String(kind),
      of(event),
      shareOfShown(of(event), of(first)),
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

function sheetParameters(scene: Scene, write: Writer): WorkSheet {
  const { tables, selection, span, baseline, title } = scene;
  const { t } = write;
  const [start, end] = selection.period ?? span;
  const chosen = scene.topics.filter(({ name }) => isChosen(selection, topic, name));
  return {
    name: t('Parameters'),
    columns: [column(title, 'text'), column('', 'count')],
    body: [
      [t('From, UTC'), new Date(start)],
      [t('To, UTC'), new Date(end)],
      ...scene.filters.map((field) => [titleOf(field, t), selection.names[field]?.join(', ') ?? t('All')]),
      [t('Events'), chosen.reduce((sum, { events }) => sum + events, 0)],
      ...(baseline ? [[t('Compared'), describeBaseline(baseline, selection, tables.groups, write)]] : []),
    ],
  };
}
