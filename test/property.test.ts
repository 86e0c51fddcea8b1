import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { between, favour, mulberry32, shuffle } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import type { Minute } from '../src/log/log.ts';
import type { Database } from '../src/db/database.ts';
import { parseTime } from '../src/time.ts';
import type { Window } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { kinds, newDatabase } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countVisits, minuteOf } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';

const midnight = parseTime('2019-09-25');
const minuteMs = 60_000;
/** Where minutes, and the nearest ones, begin and end. */
const edges = [0, 29_999, 30_000, 30_999, 59_999];
const topics = ['Наука', 'Кино', '', null, "О'Нил", '__proto__', '</script>', '\\', 'a\tb'];

function randomEvent(random: Random): Sample {
  const minute = midnight + between(random, -40, 40) * minuteMs;
  return {
    ts:
      random() < 0.02 ? null : minute + (random() < 0.5 ? favour(random, edges) : between(random, 0, 59_999)),
    user_id: random() < 0.05 ? null : between(random, 1, 12),
    item_topic: favour(random, topics),
    source_topic: favour(random, topics),
    age_segment: favour(random, ['18-25', '26-30', null]),
    event: favour(random, ['show', 'click', 'view', 'scroll', null]),
  };
}

/** Not in whole minutes, more often than not. */
function randomWindow(random: Random): Window {
  const start = midnight + between(random, -45 * minuteMs, 30 * minuteMs);
  return { start, end: start + between(random, 1, 50 * minuteMs) };
}

function split({ start, end }: Window, random: Random): Window[] {
  const cuts = Array.from({ length: between(random, 1, 5) }, () => between(random, start, end));
  const bounds = [...new Set([start, ...cuts, end])].sort((a, b) => a - b);
  return bounds.slice(1).map((bound, index) => ({ start: bounds[index] ?? start, end: bound }));
}

describe.each(kinds)('on the %s database', (kind) => {
  let db: Database;

  beforeAll(async () => {
    db = await newDatabase(kind);
  });

  afterAll(() => db.close());

  async function fill(windows: readonly Window[], minute: Minute): Promise<number> {
    return (await aggregate(db, windows, { minute, dryRun: false, jobs: 2, wait: 0 })).events;
  }

  const rounds = { server: cases(60, 10), embedded: cases(20, 4) }[kind];

  test(`${rounds} random logs and windows equal the oracle, whole, in parts, in any order, and again`, async () => {
    const random = mulberry32(4);
    for (let round = 0; round < rounds; round++) {
      const log = Array.from({ length: between(random, 0, 300) }, () => randomEvent(random));
      await db.run('drop table if exists log_raw, dash_visits, dash_engagement, zen_runs');
      await insertEvents(db, log);
      const minute = random() < 0.5 ? 'floor' : 'nearest';
      const window = randomWindow(random);
      const expected = [
        countVisits(log, minute, window.start, window.end),
        countEngagement(log, minute, window.start, window.end),
      ];
      const tables = async () => [await readVisits(db), await readEngagement(db)];

      const events = await fill([window], minute);
      expect(await tables()).toEqual(expected);
      const inWindow = ({ ts }: Sample) => {
        const at = minuteOf(ts, minute);
        return at !== null && at >= window.start && at < window.end;
      };
      expect(events).toBe(log.filter(inWindow).length);

      await fill(shuffle(random, split(window, random)), minute);
      expect(await tables()).toEqual(expected);

      await db.run('truncate dash_visits, dash_engagement');
      for (const part of shuffle(random, split(window, random))) await fill([part], minute);
      expect(await tables()).toEqual(expected);
    }
  });
});
