import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { between, favour, mulberry32 } from '../fixtures/random.ts';
import type { Random } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { plan, slice } from '../src/aggregate/plan.ts';
import type { Database } from '../src/db/database.ts';
import type { ZenError } from '../src/errors.ts';
import { runChecks } from '../src/nightly/checks.ts';
import { dayMs, isoTime, parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { kinds, newTarget, temporaryFolder } from './support/databases.ts';
import { insertEvents, readEngagement, readVisits } from './support/log.ts';
import { countEngagement, countUsers, countVisits } from './support/oracle.ts';
import type { Sample } from './support/oracle.ts';
import { openDatabase } from '../src/db/open.ts';
import { start } from './support/zen.ts';
import { render, verify } from './support/page.ts';

const first = parseTime('2025-11-23');
/** A year of them, of which `npm test` takes two months. */
const nights = cases(365, 60);
const options = { minute: 'floor', dryRun: false, jobs: 2, wait: 0 } as const;

function happenOn(random: Random, day: number, events: number): Sample[] {
  return Array.from({ length: events }, () => ({
    ts: day + between(random, 0, dayMs - 1),
    user_id: between(random, 1, 60),
    item_topic: favour(random, ['Наука', 'Кино', null]),
    source_topic: favour(random, ['Дети', 'Кино']),
    age_segment: favour(random, ['18-25', '45+']),
    event: favour(random, ['show', 'show', 'show', 'click', 'view']),
  }));
}

/** Does the work of a night, at that moment: aggregates what is missing, and the days of a week anew to which events came late. */
async function spend(db: Database, now: number): Promise<void> {
  const windows = await plan(db, { minute: 'floor', heal: 7 * dayMs }, now);
  await aggregate(db, await slice(db, windows), options);
}

/** Of seven days from one on: the users of shows, and by how many days the last of them fall short of reaching back to the first. */
interface Week {
  day: number;
  lacking: number;
  users: number;
}

describe.each(kinds)(`${nights} nights on the %s database`, (kind) => {
  const target = newTarget(kind);
  const place = target.kind === 'server' ? target.url : target.folder;
  let db: Database;

  beforeAll(async () => {
    db = await openDatabase(target, { create: true });
  });

  afterAll(() => db.close());

  test('some without a server, some killed, some twice at once, with late events: each page is right, with no hand lent', async () => {
    const random = mulberry32(365);
    const log: Sample[] = [];
    const happen = async (events: Sample[]) => {
      log.push(...events);
      await insertEvents(db, events);
    };
    const told = { missed: 0, killed: 0, twice: 0, refused: 0, late: 0, pages: 0 };
    let [away, begin] = [0, 0]; // nights in a row; the first minute
    for (let night = 0; night < nights; night++) {
      const day = first + night * dayMs;
      const midnight = day + dayMs;
      await happen(happenOn(random, day, night % 90 === 50 ? 0 : between(random, 3, 25)));
      if (night === 0) begin = Math.floor(Math.min(...log.map(({ ts }) => Number(ts))) / 60_000) * 60_000;
      const chance = away < 3 ? random() : 1;
      away++;
      if (chance < 0.11 && night < nights - 1) {
        told.missed++;
        continue;
      }
      if (chance < (kind === 'server' ? 0.22 : 0.13)) {
        told.killed++;
        if (kind === 'embedded') await db.close();
        const args = ['aggregate', '--end-dt', new Date(midnight).toISOString(), '--database', place];
        const { child, outcome } = start(args, { cwd: temporaryFolder() });
        child.stderr?.once('data', () => child.kill('SIGKILL')); // says that it has begun
        await outcome;
        if (kind === 'embedded') db = await openDatabase(target);
        continue;
      }
      away = 0;
      if (chance < 0.3 && kind === 'server') {
        told.twice++;
        const both = await Promise.allSettled([spend(db, midnight), spend(db, midnight)]);
        const refused = both.filter((end) => end.status === 'rejected');
        for (const { reason } of refused) expect((reason as ZenError).failure).toBe('locked');
        expect(refused.length).toBeLessThan(2);
        told.refused += refused.length;
      } else await spend(db, midnight);
      const period = { start: Math.max(begin, midnight - 7 * dayMs), end: midnight };
      const checks = await runChecks(db, period);
      const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
      expect([night, failed]).toEqual([night, night % 90 === 50 ? ['feed'] : []]);
      if (night % 28 === 27) {
        told.pages++;
        const { html, events: visits, people } = await render(db, { ...period, locale: 'en' }, midnight);
        expect(visits).toBe(log.filter(({ ts }) => Number(ts) >= period.start).length);
        expect(people).not.toBeNull();
        expect((await verify(html, db)).differences).toEqual([]);
      }
      // They arrive after their day was aggregated, that one or up to three days before, before the next midnight.
      if (night > 0 && random() < 0.3) {
        told.late++;
        const ago = Math.min(night - 1, between(random, 0, 3));
        await happen(happenOn(random, day - ago * dayMs, between(random, 1, 3)));
      }
    }
    await spend(db, first + nights * dayMs);
    const midnights = Array.from({ length: nights }, (_, night) => first + night * dayMs);
    expect(Object.values(told).every((times) => times > 0 || kind === 'embedded')).toBe(true);
    expect(await readVisits(db)).toEqual(countVisits(log, 'floor'));
    expect(await readEngagement(db)).toEqual(countEngagement(log, 'floor'));
    const shows = log.filter(({ event }) => event === 'show');
    const rows = await db.query<Week>(
      `select (date_part('epoch', first) * 1000)::bigint as day, min(reach - date_part('day', dt - first))::int as lacking,
         sum(people) filter (where before is null or dt + before * interval '1 minute' < first)::bigint as users
       from dash_users
       join generate_series(timestamp '${isoTime(first)}', timestamp '${isoTime(midnights.at(-7) ?? first)}', interval '1 day') as first
         on dt >= first and dt < first + interval '7 days',
         unnest(previous, users) as returns (before, people)
       where every_topic and every_age and event = 'show' and or_event is null group by 1 order by 1`,
    );
    // Any seven days are known whole, unless a night was killed on the way.
    const known = rows.filter(({ lacking }) => lacking >= 0);
    expect(known.length).toBeGreaterThan(0.9 * rows.length);
    expect(known.map(({ day, users }) => [day, users])).toEqual(
      known.map(({ day }) => [
        day,
        countUsers(shows.filter(({ ts }) => Number(ts) >= day && Number(ts) < day + 7 * dayMs)),
      ]),
    );
  }, 900_000);
});
