import { pick } from './data/cells.ts';
import type { Column, Panel } from './panels.ts';
import { ask } from './data/query.ts';
import type { Choice, Question } from './data/query.ts';
import { tableOf } from './data/table.ts';
import { minuteMs } from './units.ts';
import type { Row, Tables } from './data/table.ts';
import { valueOf } from './known.ts';
import type { Selection } from './selection.ts';

/** Builds a query of the aggregate that counts events. */
function sumEvents(groupby: string[], time?: string): Question {
  return { groupby, time, measures: [{ op: 'sum', as: 'sum' }] };
}

function toChoice({ names }: Selection, shown: [number, number]): Choice {
  return { chosen: Object.entries(names), shown, step: minuteMs };
}

/**
 * Lists the rows of a panel's table minute by minute, whatever steps the chart has; in the page's own steps where these
 * are longer.
 */
export function listMinutes(
  { source, columns, measure }: Pick<Panel, 'source' | 'columns' | 'measure'>,
  tables: Tables,
  selection: Selection,
  span: [number, number],
): Row[] {
  const of = (kind: Column['kind']) =>
    columns.flatMap((column) => (column.kind === kind ? [column.field] : []));
  const [[time], groupby] = [of('time'), of('text')];
  if (time === undefined) throw new Error('A table by minutes has no column of these.');
  const query = { groupby, time, measures: [{ op: 'sum' as const, as: measure }] };
  const choice = toChoice(selection, selection.period ?? span);
  const { groups, times, lengths } = ask(valueOf(tables.aggregates, source), query, choice);
  const isLong = tables.ladder.length > 0;
  return groups.flatMap(({ fields, group }) =>
    times.flatMap((begin, slot) => {
      const sum = pick(group.sums, slot);
      if (sum === 0) return [];
      const dt = latest(begin, choice);
      return [{ [time]: dt, ...fields, [measure]: sum, ...(isLong && { minutes: pick(lengths, slot) }) }];
    }),
  );
}

/** Returns the start of a step, or the first shown minute when that is later. */
function latest(begin: number, { shown }: Choice): number {
  return Math.max(begin, Math.floor(shown[0] / minuteMs) * minuteMs);
}

/** The minute with the most events, or the first of several. */
export interface Peak {
  dt: number;
  events: number;
}

/** Finds the peak where the steps of the selection are shortest. A step longer than a minute counts with its mean. */
export function findPeak(tables: Tables, selection: Selection, span: [number, number]): Peak {
  const [start, end] = selection.period ?? span;
  const bounds = tables.ladder.map(({ until }) => until).filter((until) => until < end);
  const since = Math.max(start, ...bounds);
  const choice = toChoice(selection, [since, end]);
  const { groups, times, lengths } = ask(tableOf(tables, 'events'), sumEvents([], 'dt'), choice);
  const [all] = groups;
  if (!all)
    return since > start
      ? findPeak(tables, { ...selection, period: [start, since] }, span)
      : { dt: start, events: 0 };
  const rates = Array.from(all.group.sums, (sum, slot) => sum && sum / pick(lengths, slot));
  const best = rates.reduce((most, rate, slot) => (rate > pick(rates, most) ? slot : most), 0);
  return { dt: latest(pick(times, best), choice), events: Math.round(pick(rates, best)) };
}

/** Counts the events of a selection. */
export function countSelected(tables: Tables, selection: Selection, span: [number, number]): number {
  const { groups } = ask(
    tableOf(tables, 'events'),
    sumEvents([]),
    toChoice(selection, selection.period ?? span),
  );
  const [all] = groups; // empty when there are no rows
  return all ? pick(all.group.sums, 0) : 0;
}
