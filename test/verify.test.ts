import { joinPieces, split } from '../src/shared/data/varint.ts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { mulberry32, shuffle } from '../fixtures/random.ts';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { openDatabase } from '../src/db/open.ts';
import type { Database } from '../src/db/database.ts';
import { encode } from '../src/shared/data/payload.ts';
import { parseTime } from '../src/time.ts';
import { cases } from './support/cases.ts';
import { newUrl, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { cellsOf, packParts, readPayload } from './support/payload.ts';
import { call } from './support/zen.ts';
import { render, verify } from './support/page.ts';

const noon = parseTime('2026-11-22 12:00');
const minute = 60_000;
const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const url = newUrl();
let db: Database;
let html: string;

beforeAll(async () => {
  db = await openDatabase({ kind: 'server', url }, { create: true });
  const event = { user_id: 1, item_topic: 'a', source_topic: 'b', age_segment: 'c', event: 'show' };
  await insertEvents(db, [
    { ...event, ts: noon },
    { ...event, ts: noon + 1, user_id: 2 },
    { ...event, ts: noon + 5 * minute, item_topic: 'd' },
  ]);
  const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 } as const;
  await aggregate(db, [{ start: noon, end: noon + 10 * minute }], options);
  html = (await render(db, { locale: 'ru' })).html;
});

afterAll(() => db.close());

/** The names of what is not as stated. */
const names = async (page: string, by?: Database) =>
  (await verify(page, by)).differences.map(({ name, where }) => `${name} in ${where}`);

/** A forger's page, with a hash to match. */
const reseal = (page: string) => {
  const bare = page.replace(/"page":"\w*"/, '"page":""');
  return bare.replace('"page":""', `"page":"${sha(bare)}"`);
};

describe('a page', () => {
  test('states its period, its rows and its sums, and is found whole, also beside the database', async () => {
    const { manifest, differences } = await verify(html, db);
    expect(differences).toEqual([]);
    expect(manifest).toMatchObject({
      start: '2026-11-22T12:00:00Z',
      end: '2026-11-22T12:06:00Z',
      steps: null,
      visits_rows: 2,
      events: 3,
      engagement_rows: 2,
      engagement_sum: 3,
    });
  });

  test('with another number in its manifest is found out', async () => {
    expect(await names(html.replace('"events":3', '"events":4'))).toEqual([
      'events in the page',
      'page in the page',
    ]);
  });

  test('with another text is found out', async () => {
    for (const [text, other] of [
      ['<title>', '<title>Не '],
      ['data-word="events">3<', 'data-word="events">4<'],
      ['</html>', '</html> '],
      ['"zen":"', '"zen":"9'],
    ] as const) {
      expect(html.includes(text)).toBe(true);
      const at = text.startsWith('</') ? html.lastIndexOf(text) : html.indexOf(text); // the script has some, too
      const altered = html.slice(0, at) + other + html.slice(at + text.length);
      expect(await names(altered)).toEqual(['page in the page']);
    }
  });

  test('of which any byte is another is not found whole', async () => {
    const bytes = Buffer.from(html);
    const random = mulberry32(5);
    const manifest = bytes.indexOf('id="manifest"');
    const length = bytes.indexOf('</script>', manifest) - manifest;
    const stated = shuffle(random, [...Array(length).keys()]).map((at) => manifest + at);
    const places = [
      ...Array.from({ length: cases(150) }, () => Math.floor(random() * bytes.length)),
      ...stated.slice(0, cases(length)),
    ];
    const passed: number[] = [];
    for (const place of places) {
      const flipped = Buffer.from(bytes);
      flipped[place] = (flipped[place] ?? 0) ^ 1;
      const found = await verify(flipped.toString()).catch(() => undefined);
      if (found?.differences.length === 0) passed.push(place);
    }
    expect(passed).toEqual([]);
  });

  test('without its hash is found out, and one of an older zen is refused with the next step', async () => {
    const bare = html.replace(/,"page":"[0-9a-f]{64}"/, '');
    expect(bare).not.toBe(html);
    expect(await names(bare)).toEqual(['page in the page']);
    const [first = new Uint8Array(), ...tables] = split(encode(readPayload(html))[0], 102);
    const head = Buffer.from(Buffer.from(first).toString().replace('[7,', '[6,'));
    const older = deflateSync(joinPieces([head, ...tables])).toString('base64');
    const { payload: real } = (await verify(html)).manifest;
    const page = html
      .replace(/(id="payload">)[^<]*/, (_, open: string) => open + older)
      .replace(real, sha(older));
    await expect(verify(reseal(page))).rejects.toThrow(
      'The data of this page cannot be read: another version of zen made them (version 6, not 8): render the page again.',
    );
  });

  test('with other data is found out, and with a manifest to match, beside the database', async () => {
    const payload = readPayload(html);
    cellsOf(payload, 'visits').sums[1] = 40;
    cellsOf(payload, 'visits').sums[2] = 41;
    const packed = packParts(encode(payload));
    const forged = html.replace(/(id="payload">)[^<]*/, (_, open: string) => open + packed);
    expect(await names(forged)).toEqual([
      'events in the page',
      'visits_sum in the page',
      'payload in the page',
      'page in the page',
    ]);
    const { payload: real } = (await verify(html)).manifest;
    const stated = reseal(
      forged
        .replace('"events":3', '"events":41')
        .replace('"visits_sum":3', '"visits_sum":41')
        .replace(real, sha(packed)),
    );
    expect(await names(stated)).toEqual([]);
    expect(await names(stated, db)).toEqual([
      `events in ${db.label}`,
      `visits_sum in ${db.label}`,
      `dash_visits, “a” × “c” × “b” at 2026-11-22T12:00:00Z, the only row that differs in ${db.label}`,
    ]);
  });

  test('with another script, style or policy is found out', async () => {
    expect(
      await names(
        html.replace('</script>\n<script type="text/plain" id="rows">', (end) => `;alert(1)${end}`),
      ),
    ).toEqual([
      'script in the page',
      'page in the page',
      'policy in the page',
      'script in this version of zen',
    ]);
    expect(await names(html.replace('<style>', '<style>p { color: red }'))).toHaveLength(4);
    expect(await names(html.replace("default-src 'none'", 'default-src *'))).toEqual([
      'page in the page',
      'policy in the page',
    ]);
  });

  test('whose data cannot be read is found out', async () => {
    const cut = html.replace(/(id="payload">[^<]{200})[^<]*/, (_, kept: string) => kept);
    expect(await names(cut, db)).toEqual(['payload in the page']);
    const packed = deflateSync('no data').toString('base64');
    const other = html.replace(/(id="payload">)[^<]*/, (_, open: string) => open + packed);
    const stated = other.replace((await verify(html)).manifest.payload, sha(packed));
    await expect(verify(stated)).rejects.toThrow('The data of this page cannot be read');
  });

  test('that has no manifest, or a broken one, is refused with a sentence', async () => {
    await expect(verify('<p>hello')).rejects.toThrow('This is not a page that zen rendered');
    await expect(verify(html.replace('id="manifest">{', 'id="manifest">{{'))).rejects.toThrow(
      'The manifest of this page cannot be read',
    );
  });
});

describe('zen verify', () => {
  const cwd = temporaryFolder();
  const run = (...args: string[]) => call(args, { cwd });

  test('ends with 0 for a whole page, with 5 once the database has other numbers', async () => {
    writeFileSync(join(cwd, 'zen.html'), html);
    const whole = await run('verify', 'zen.html', '--json', '--database', url);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(whole.stdout)).toMatchObject({ verified: true, differences: [] });
    await db.run('update dash_visits set visits = visits + 1');
    const changed = await run('verify', 'zen.html', '--database', url);
    expect(changed.code).toBe(5);
    expect(changed.stdout).toContain('events: the page states 3, ');
    expect(changed.stderr).toContain('zen.html is not what it states');
    expect(await run('verify', 'zen.html')).toMatchObject({ code: 0 });
    expect(await run('verify', 'none.html')).toMatchObject({ code: 1, stdout: '' });
  });

  test('ends with 5, and tells it as JSON, when a byte of the data is another; and such a page is not sent', async () => {
    writeFileSync(join(cwd, 'flipped.html'), html.replace(/(id="payload">.{100})./, '$1-'));
    const { code, stdout, stderr } = await run('verify', 'flipped.html', '--json');
    expect([code, stderr]).toEqual([5, expect.stringContaining('flipped.html is not what it states')]);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: false,
      differences: [{ name: 'payload', where: 'the page' }],
    });
    const ends = ['--from', 'zen@example.com', '--to', 'boss@example.com'];
    expect(await run('mail', 'flipped.html', ...ends)).toMatchObject({ code: 5, stdout: '' });
  });

  test('two machines in other zones and languages render the same bytes', async () => {
    const render = async (name: string, env: Record<string, string>) => {
      const { code } = await call(['render', '--out', name, '--database', url], { cwd, env });
      expect(code).toBe(0);
      return readFileSync(join(cwd, name));
    };
    const one = await render('one.html', { TZ: 'America/Los_Angeles', LANG: 'C', LC_ALL: 'C' });
    const other = await render('other.html', {
      TZ: 'Asia/Tokyo',
      LANG: 'ru_RU.UTF-8',
      LC_ALL: 'ru_RU.UTF-8',
    });
    expect(one.equals(other)).toBe(true);
  });
});
