import { between, mulberry32, shuffle } from '../../fixtures/random.ts';
import { listCharts, readChart } from '../../src/render/charts.ts';
import type { Payload } from '../../src/shared/data/payload.ts';
import { snap } from '../../src/shared/ladder.ts';
import type { Ladder } from '../../src/shared/ladder.ts';
import { tabulatePayload } from '../../src/shared/data/table.ts';
import { makePayload, toCells } from './payload.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 22, 23, 7);
const minutes = 900;
const random = mulberry32(2026);

const items = ['a', 'b', '__proto__', 'constructor', 'e'];
const ages = ['18-25', '26-30', 'не указано'];
export const sources = ['a', 'x', 'toString'];
const events = ['show', 'click', 'view', 'odd'].map((event, rank) => ({
  event,
  name: event,
  rank,
  step: rank < 3,
}));

type Line = [string, string, string, number, number];

/** Rows in one of some minutes; none in the middle of the period. */
function invent(last: string[]): Line[] {
  return items.flatMap((item) =>
    ages.flatMap((age) =>
      last.flatMap((name) =>
        Array.from({ length: minutes }, (_, at): Line => [
          item,
          age,
          name,
          at,
          between(random, 1, 40),
        ]).filter(([, , , at]) => random() < 0.06 && (at < 300 || at > 420)),
      ),
    ),
  );
}

/** Some hours of it, with names that objects have. */
export const payload: Payload = makePayload({
  start,
  end: start + minutes * minute,
  ladder: [],
  items,
  ages,
  sources,
  events,
  topics: [...new Set([...items, ...sources])].map((name, rank) => ({ name, color: `#00000${rank}`, rank })),
  gaps: [],
  merged: null,
  visits: toCells([items, ages, sources], invent(sources)),
  engagement: toCells(
    [items, ages, events.map(({ event }) => event)],
    invent(events.map(({ event }) => event)),
  ),
  people: null,
});
export const tables = tabulatePayload(payload);
export const source = (name: string, ladder: Ladder = []) =>
  readChart(name, { period: payload, ladder }, (text) => text);

/** Draws a selection: names, also one that is not there, or all; a period of any length, at any second (or of whole steps), or all. */
export function choose(ladder: Ladder = []): Record<string, unknown> {
  const some = (names: string[]) =>
    random() < 0.3 ? null : shuffle(random, [...names, 'nobody']).slice(0, between(random, 1, names.length));
  const [one, other] = [between(random, 0, minutes * 60), between(random, 0, minutes * 60)];
  const any = { start: start + Math.min(one, other) * 1000, end: start + (Math.max(one, other) + 1) * 1000 };
  const whole = ladder.length > 0 ? snap(ladder, any) : any;
  const period = [Math.max(whole.start, start), Math.min(whole.end, start + minutes * minute)];
  return {
    topics_item_topic: some(items),
    ages_age_segment: some(ages),
    period: random() < 0.25 ? null : period,
  };
}

/** The charts of the package that draw an aggregate. */
export const charts = listCharts().filter((name) => name !== 'people');
