import { namesBefore } from './baseline.ts';
import type { Baseline } from './baseline.ts';
import { pick } from './data/cells.ts';
import { tableOf } from './data/table.ts';
import type { Group } from './data/cube.ts';
import type { Row, Table, Tables } from './data/table.ts';
import { known, missing } from './known.ts';
import { ask } from './data/query.ts';
import type { Question } from './data/query.ts';
import { splitRateChange } from './rate-change.ts';
import type { RateChange } from './rate-change.ts';
import type { Selection } from './selection.ts';
import { sumBaseline } from './topics.ts';
import { minuteMs } from './units.ts';

/** A step of the history: its events, in all and by topic, largest first. */
export interface Moment {
  /** Unix milliseconds, half-open. */
  start: number;
  end: number;
  events: number;
  /** The events at the compared time; null when that stretch is incomplete. */
  before: number | null;
  topics: { name: string; events: number; before: number | null }[];
  /** The name that moved most in each dimension of the events, and by how many events; none without a comparison. */
  moves: { field: string; name: string; by: number }[];
  /** The share of shows that were clicked, beside that of the comparison; null when unknown or meaningless. */
  rate: RateChange | null;
}

/** Reads the contents of a stretch of a selection, and of its counterpart. */
export function readMoment(
  tables: Tables,
  { names }: Selection,
  [start, end]: readonly [number, number],
  baseline: Baseline | null,
): Moment {
  const isCompared = baseline !== null && isWhole(baseline, start, end);
  const { shift, names: others } = isCompared ? baseline : { shift: 0, names: {} };
  const pair = { both: [{ start, end }], shift, names: others };
  const sumEach = (field: string) => {
    const { now, before } = sumBaseline(tableOf(tables, 'events'), field, names, pair);
    return [...new Set([...now.keys(), ...before.keys()])]
      .map((name) => ({
        name,
        events: now.get(name) ?? 0,
        before: isCompared ? (before.get(name) ?? 0) : null,
      }))
      .sort((a, b) => b.events - a.events);
  };
  const found = sumEach('item_topic');
  const fields = Object.keys(tables.dimensions).filter((field) => hasField(tableOf(tables, 'events'), field));
  return {
    ...{ start, end, topics: found },
    events: found.reduce((sum, { events }) => sum + events, 0),
    before: isCompared ? found.reduce((sum, { before }) => sum + known(before), 0) : null,
    moves: isCompared
      ? fields.flatMap((field) => findMove(field, field === 'item_topic' ? found : sumEach(field)))
      : [],
    rate: isCompared ? splitRateChange(tables, { names }, pair) : null,
  };
}

function hasField({ dimensions }: Table, field: string): boolean {
  return dimensions.some((fields) => Object.hasOwn(fields, field));
}

/** Finds the name whose events changed most; a single name adds nothing to the total, so it gives none. */
function findMove(field: string, all: Moment['topics']): Moment['moves'] {
  const moves = all.map(({ name, events, before }) => ({ field, name, by: events - known(before) }));
  const largest = moves.sort((a, b) => Math.abs(b.by) - Math.abs(a.by))[0];
  return largest && moves.length > 1 && largest.by !== 0 ? [largest] : [];
}

/**
 * Returns the events per minute of the stretch that a selection is compared with, shifted onto the selection; null
 * where the stretch is incomplete.
 *
 * @param groupby the fields whose values each have a line of their own, topics in their colours
 */
export function traceBaseline(
  tables: Tables,
  { names }: Selection,
  baseline: Baseline | null,
  step: number,
  groupby: string[] = [],
): Ghost[] {
  if (!baseline) return [];
  const { window, shift } = baseline;
  const question: Question = { groupby, time: 'dt', measures: [] };
  const shown: [number, number] = [window.start - shift, window.end - shift];
  const { groups, times } = ask(tableOf(tables, 'events'), question, {
    chosen: Object.entries(namesBefore(names, baseline)),
    shown,
    step,
  });
  const tints = new Map(tables.lookUps.topics.map(({ rank, tint }) => [rank, tint]));
  const nothing: { fields: Row; group: Pick<Group, 'sums'> } = {
    fields: {},
    group: { sums: new Float64Array(times.length) },
  };
  const ends = [...times.slice(1), shown[1], shown[1]];
  return (groups.length > 0 ? groups : [nothing]).flatMap(({ fields, group: { sums } }) =>
    [...times, shown[1]].map((time, slot) => {
      const [from, to] = [Math.max(time, shown[0]), pick(ends, slot)];
      const isDrawn = from < to && isWhole(baseline, from + shift, to + shift);
      const events = isDrawn ? (sums[slot] ?? missing()) : 0;
      const rate = isDrawn ? (events * minuteMs) / (to - from) : null;
      return {
        ...fields,
        ...(groupby.length > 0 && { tint: tints.get(fields.item_rank) }),
        dt: from + shift,
        rate,
      };
    }),
  );
}

/** A point on a line of the comparison. */
interface Ghost extends Row {
  dt: number;
  rate: number | null;
}

function isWhole({ both }: Baseline, start: number, end: number): boolean {
  return both.some((window) => window.start <= start && end <= window.end);
}
