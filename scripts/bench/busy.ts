import { Readable } from 'node:stream';
import { mulberry32 } from '../../fixtures/random.ts';
import type { Random } from '../../fixtures/random.ts';
import type { Database } from '../../src/db/database.ts';
import { escapeText } from '../../src/restore/copy/text.ts';
import { minuteMs } from '../../src/time.ts';

/** Events of a minute in the mean of a day. At 15:00 UTC there are 1.6 times as many, and 0.4 times as many at 3:00. */
const mean = 5000;

/** The two aggregates: their columns, and what tells one row of a minute from another. A value counts events, or their users. */
const tables = [
  { table: 'dash_visits', names: ['item_topic', 'source_topic', 'age_segment'], value: 'visits' },
  { table: 'dash_engagement', names: ['item_topic', 'event', 'age_segment'], value: 'unique_users' },
] as const;

type Row = Record<(typeof tables)[number]['names'][number] | 'user_id', string | null>;

/** The rows that each event of the log counts in, as a number for each, and its user where these are counted. */
interface Drawn {
  texts: string[];
  rows: Uint32Array;
  users: Uint32Array | null;
}

/**
 * Fills both aggregates with the minutes of a busy site, in order of time: the number of events of each is Poisson's, about a day's curve,
 * and each of them is one of the log's by chance. So no minute repeats another.
 *
 * @param start Unix milliseconds
 */
export async function fillMinutes(db: Database, start: number, minutes: number): Promise<void> {
  const log = await db.query<Row>('select * from log_raw order by event_id');
  for (const { table, names, value } of tables) {
    const drawn = read(log, names, value === 'unique_users');
    await db.copy(table, ['dt', ...names, value], Readable.from(eachMinute(drawn, start, minutes)));
    await db.run(`vacuum (analyze) ${table}`);
  }
}

function read(log: Row[], names: readonly (keyof Row)[], isOfUsers: boolean): Drawn {
  const write = (name: string | null) => (name === null ? '\\N' : escapeText(name));
  const [texts, rows] = number(log.map((row) => names.map((name) => write(row[name])).join('\t')));
  return { texts, rows, users: isOfUsers ? number(log.map(({ user_id }) => String(user_id)))[1] : null };
}

/** The different texts, and the place of each text among them. */
function number(all: string[]): [string[], Uint32Array] {
  const texts = [...new Set(all)];
  const places = new Map(texts.map((text, place) => [text, place]));
  return [texts, Uint32Array.from(all, (text) => places.get(text) ?? NaN)];
}

function* eachMinute(drawn: Drawn, start: number, minutes: number): Generator<Uint8Array> {
  const random = mulberry32(1);
  for (let minute = 0; minute < minutes; minute++) {
    const dt = new Date(start + minute * minuteMs).toISOString();
    const counts = draw(drawn, random, minute);
    yield Buffer.from([...counts].map(([row, count]) => `${dt}\t${drawn.texts[row]}\t${count}\n`).join(''));
  }
}

/** Draws the events of a minute, and gives how many each row counts. */
function draw({ texts, rows, users }: Drawn, random: Random, minute: number): Map<number, number> {
  const rate = mean * (1 - 0.6 * Math.cos(((minute - 180) / 1440) * 2 * Math.PI));
  const counts = new Map<number, number>();
  const seen = new Set<number>();
  for (let left = poisson(rate, random); left > 0; left--) {
    const event = Math.floor(random() * rows.length);
    const row = rows[event] ?? NaN;
    if (users) {
      const user = (users[event] ?? NaN) * texts.length + row;
      if (seen.has(user)) continue;
      seen.add(user);
    }
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return counts;
}

/** A Poisson number of a mean beyond some hundreds, where it is a normal one but for a fraction of an event. */
function poisson(rate: number, random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(0, Math.round(rate + Math.sqrt(rate) * normal));
}
