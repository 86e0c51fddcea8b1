import { pick } from './data/cells.ts';
import type { Column, Panel } from './panels.ts';
import type { Coarse } from './data/payload.ts';
import { ask } from './data/query.ts';
import type { Choice, Question } from './data/query.ts';
import { tableOf } from './data/table.ts';
import { minuteMs } from './units.ts';
import type { Row, Tables } from './data/table.ts';
import { missing, valueOf } from './known.ts';
import type { Selection } from './selection.ts';

/** A query of the aggregate that counts the events. */
function sumEvents(groupby: string[], time?: string): Question {
  return { groupby, time, measures: [{ op: 'sum', as: 'sum' }] };
}

function toChoice({ names }: Selection, shown: [number, number]): Choice {
  return { chosen: Object.entries(names), shown, step: minuteMs };
}

/** The rows of a panel's table minute by minute, whatever steps it is drawn in; hour by hour where there is no more. */
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
  const { groups, times } = ask(valueOf(tables.aggregates, source), query, choice);
  return groups.flatMap(({ fields, group }) =>
    times.flatMap((dt, slot) => {
      const sum = pick(group.sums, slot);
      if (sum === 0) return [];
      const held = tables.coarse && { minutes: minutesOf(dt, tables.coarse) };
      return [{ [time]: dt, ...fields, [measure]: sum, ...held }];
    }),
  );
}

/** Counts the minutes that a row stands for: an hour's go on to its end, though it may begin later, with the period. */
function minutesOf(dt: number, { until, step }: Coarse): number {
  const end = dt < until ? Math.min((Math.floor(dt / step) + 1) * step, until) : dt + minuteMs;
  return (end - dt) / minuteMs;
}

/** The minute with the most events, the first of them if there are several. */
export interface Peak {
  dt: number;
  events: number;
}

/** Looks where there are minutes; where all of the selection is in hours, an hour stands for its mean minute. */
export function findPeak(tables: Tables, selection: Selection, span: [number, number]): Peak {
  const query = sumEvents([], 'dt');
  const [start, end] = selection.period ?? span;
  const { until, step } = tables.coarse ?? { until: start, step: minuteMs };
  const isCoarse = end <= until;
  const choice = toChoice(selection, isCoarse ? [start, end] : [Math.max(start, until), end]);
  const { groups, times } = ask(tableOf(tables, 'events'), query, {
    ...choice,
    step: isCoarse ? step : minuteMs,
  });
  const sums = groups[0]?.group.sums ?? [];
  let best = 0;
  for (let slot = 1; slot < sums.length; slot++)
    if ((sums[slot] ?? missing()) > (sums[best] ?? missing())) best = slot;
  const events = Math.round(((sums[best] ?? missing()) * minuteMs) / (isCoarse ? step : minuteMs));
  return { dt: times[best] ?? start, events };
}

/** The events of a selection. */
export function countSelected(tables: Tables, selection: Selection, span: [number, number]): number {
  const { groups } = ask(
    tableOf(tables, 'events'),
    sumEvents([]),
    toChoice(selection, selection.period ?? span),
  );
  const [all] = groups; // none where there is no row
  return all ? pick(all.group.sums, 0) : 0;
}
