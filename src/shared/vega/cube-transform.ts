import { ingest, Transform, transforms } from 'vega-dataflow';
import { answer, lookUp, measure } from '../data/query.ts';
import type { Answer, Choice, Query } from '../data/query.ts';
import { pick } from '../data/cells.ts';
import { unlessLate } from '../data/cube.ts';
import { stepAt } from '../ladder.ts';
import { minuteMs } from '../units.ts';
import type { Row, Tables } from '../data/table.ts';
import { missing } from '../known.ts';

interface Parameters extends Omit<Choice, 'chosen'> {
  /** The names let through, for each field of the query's `where`. */
  chosen: (readonly unknown[] | null)[];
  tables: Tables;
  query: Query;
  modified(): boolean;
}

/** The parts of Vega's Pulse used here (vega-dataflow, src/Pulse.js). */
interface Pulse {
  add: Row[];
  rem: Row[];
  mod: Row[];
  source: Row[] | null;
  NO_SOURCE: number;
  StopPropagation: object;
  fork(flags: number): Pulse;
  modifies(fields: string[]): Pulse;
}

/** The rows of one group: one per step of a history, or a single one. */
type Series = Row[];

/**
 * A Vega transform that answers a chart's query from columns, instead of filtering and summing rows. It returns the
 * same rows as the transforms that it replaces. Rows are changed in place: Vega handles that several times as fast as
 * new rows, and it leaves no garbage. An answer of the same rows and values draws nothing.
 */
class CubeTransform extends (Transform as new (init: unknown, params: unknown) => { value: unknown }) {
  #series = new Map<string, Series>();
  #drawn = new Set<Row>();
  #changes = 0;

  constructor(params: unknown) {
    super(null, params);
  }

  transform(_: Parameters, pulse: Pulse): Pulse | object {
    if (this.#drawn.size > 0 && !_.modified()) return pulse.StopPropagation;
    const chosen = _.query.where.map((field, at) => [field, _.chosen[at] ?? null] as const);
    const found = unlessLate(() => answer(_.query, _.tables, { chosen, shown: _.shown, step: _.step }));
    if (!found) {
      _.tables.onLate();
      return pulse.StopPropagation;
    }
    this.#changes = 0;
    const rows = _.query.grid ? this.#history(_, found) : this.#groups(_.query, found);
    const out = pulse.fork(pulse.NO_SOURCE);
    const before = this.#drawn;
    this.#drawn = new Set(rows);
    for (const row of rows) (before.has(row) ? out.mod : out.add).push(row);
    for (const row of before) if (!this.#drawn.has(row)) out.rem.push(row);
    const isSame = before.size > 0 && this.#changes === 0 && out.add.length + out.rem.length === 0;
    if (isSame) return pulse.StopPropagation;
    return out.modifies([...new Set(rows.slice(0, 1).flatMap((row) => Object.keys(row)))]);
  }

  #row(key: string, at: number, fields: Row): Row {
    const series = this.#series.get(key) ?? [];
    this.#series.set(key, series);
    return (series[at] ??= ingest({ ...fields }));
  }

  #set(row: Row, name: string, value: Row[string]): void {
    if (row[name] === value) return;
    row[name] = value;
    this.#changes++;
  }

  #groups(query: Query, { groups, times }: Answer): Row[] {
    return groups.flatMap(({ fields, group }) =>
      times.flatMap((dt, slot) => {
        if (group.counts[slot] === 0) return [];
        const row = this.#row(group.codes.join(), slot, fields);
        if (query.time !== undefined) this.#set(row, query.time, dt);
        for (const [name, value] of Object.entries(measure(query, group, slot))) this.#set(row, name, value);
        return [row];
      }),
    );
  }

  /** Yields every step of every series, and one more that ends the last step. */
  #history({ query, tables, shown, step }: Parameters, { groups, times }: Answer): Row[] {
    const { alias, rate, lookup, total, share, stack, stride } = query.grid ?? {};
    const value = query.measures[0]?.as ?? '';
    const points = [...times, Math.ceil(shown[1] / step) * step];
    const strides = points.map((dt) => Math.max(step, stepAt(tables.ladder, dt)));
    const lengths = points.map(
      (dt, slot) => Math.min(dt + pick(strides, slot), shown[1]) - Math.max(dt, shown[0]),
    );
    const totals = new Float64Array(points.length);
    for (const { group } of groups)
      for (let slot = 0; slot < times.length; slot++)
        totals[slot] = (totals[slot] ?? missing()) + (group.sums[slot] ?? missing());
    const floors = new Float64Array(points.length);
    const series = groups.map(({ fields, group }) => {
      const looked = lookup ? lookUp(tables.lookUps[lookup.from], fields[lookup.field]) : {};
      return { fields, group, looked, place: stack ? Number({ ...fields, ...looked }[stack.sort]) : 0 };
    });
    series.sort((a, b) => a.place - b.place);
    const rows: Row[] = [];
    for (const { fields, group, looked } of series) {
      // A series with a new colour gets rows of its own, because Vega would order rows that change lines
      // after new ones.
      const key = [...group.codes, ...Object.values(looked)].join();
      for (let slot = 0; slot < points.length; slot++) {
        const row = this.#row(key, slot, fields);
        for (const name of lookup?.values ?? []) this.#set(row, name, looked[name]);
        const sum = slot < times.length ? (group.sums[slot] ?? missing()) : 0;
        const speed = sum && (sum * minuteMs) / (lengths[slot] ?? missing());
        if (query.time) this.#set(row, query.time, points[slot]);
        if (alias) this.#set(row, alias, points[slot]);
        if (stride) this.#set(row, stride, strides[slot]);
        this.#set(row, value, sum);
        if (rate) this.#set(row, rate, speed);
        const part = sum && sum / (totals[slot] ?? missing());
        if (total) this.#set(row, total, totals[slot]);
        if (share) this.#set(row, share, part);
        if (stack) {
          this.#set(row, stack.as[0], floors[slot]);
          floors[slot] = (floors[slot] ?? missing()) + (share ? part : rate ? speed : sum);
          this.#set(row, stack.as[1], floors[slot]);
        }
        rows.push(row);
      }
    }
    return rows;
  }
}

const definition = {
  type: 'Cube',
  metadata: { generates: true, changes: true },
  params: [
    { name: 'tables', required: true },
    { name: 'query', required: true },
    { name: 'chosen', array: true, required: true },
    { name: 'shown', required: true },
    { name: 'step', required: true },
  ],
};

/** Registers the transform with Vega, as `cube`. */
export function registerCube(): void {
  Object.assign(transforms, { cube: Object.assign(CubeTransform, { Definition: definition }) });
}
