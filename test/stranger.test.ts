import { joinPieces, VarintWriter } from '../src/shared/data/varint.ts';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { describePage } from '../src/render/manifest.ts';
import { buildCells } from '../src/shared/data/cells.ts';
import { mapValues } from '../src/shared/known.ts';
import { encode, namesOf } from '../src/shared/data/payload.ts';
import type { Parts, Payload } from '../src/shared/data/payload.ts';
import { parseTime } from '../src/time.ts';
import { isAll } from './support/cases.ts';
import { newDatabase, temporaryFolder } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { measure } from './support/measure.ts';
import { packParts, readPayload, replaceParts, toCells } from './support/payload.ts';
import type { Told } from './support/stranger.ts';
import { zen } from './support/zen.ts';
import { render } from './support/page.ts';

const noon = parseTime('2026-11-22 12:00');
const dayMs = 86_400_000;
const most = { megabytes: 256, seconds: 10 };
const cwd = temporaryFolder();
const page = join(cwd, 'zen.html');
let html: string;

beforeAll(async () => {
  const db = await newDatabase('server');
  await insertEvents(
    db,
    Array.from({ length: 300 }, (_, at) => ({
      ts: noon + (at % 90) * 60_000,
      ...{ user_id: at % 17, item_topic: `t${at % 7}`, source_topic: `s${at % 3}` },
      ...{ age_segment: `a${at % 2}`, event: ['show', 'click', 'view'][at % 3] ?? '' },
    })),
  );
  const options = { minute: 'floor', dryRun: false, jobs: 1, wait: 0 } as const;
  await aggregate(db, [{ start: noon, end: noon + 90 * 60_000 }], options);
  html = (await render(db, { locale: 'en' })).html;
  await db.close();
  writeFileSync(page, html);
});

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

/** A page with other data, which states just these. */
function forge(parts: Parts, payload?: Payload): string {
  const packed = packParts(parts);
  const part = (pattern: RegExp) => pattern.exec(html)?.[1] ?? '';
  const content = {
    packed,
    script: Buffer.from(part(/<script>(.*?)<\/script>\s*<script type="text\/plain" id="rows">/s)),
    style: Buffer.from(part(/<style>(.*?)<\/style>/s)),
  };
  const stated = payload
    ? JSON.stringify({ ...describePage(payload, content), page: '' })
    : part(/id="manifest">(.*?)<\/script>/s)
        .replace(/"payload":"\w+"/, `"payload":"${sha(packed)}"`)
        .replace(/"page":"\w+"/, '"page":""');
  const bare = replaceParts(html, packed).replace(
    /(id="manifest">)[^<]*/,
    (_, open: string) => open + stated,
  );
  return bare.replace('"page":""', `"page":"${sha(bare)}"`);
}

/** Verifies and mails a file, and expects of both to end so, within bounds. */
async function expectBoth(name: string, code: number, said: RegExp): Promise<void> {
  const ends = ['--from', 'a@example.com', '--to', 'b@example.com', '--out', 'mail.eml'];
  for (const args of [
    ['verify', name],
    ['mail', name, ...ends],
  ]) {
    const { megabytes, seconds, ...outcome } = await measure(args, { cwd });
    const text = `${outcome.stdout}${outcome.stderr}`;
    expect([args[0], outcome.code, text]).toEqual([args[0], code, expect.stringMatching(said)]);
    expect(megabytes).toBeLessThan(most.megabytes);
    expect(seconds).toBeLessThan(most.seconds);
  }
}

/** The bytes of a page of two small tables and some more, each of so many dimensions of half a million names, and of no cell. */
function manyTables(
  number: number,
  dimensions: number,
  shared = ['item_topic', 'age_segment', 'event'],
): Uint8Array {
  const names = Array.from({ length: 450_000 }, (_, at) => at.toString(36));
  const made = [3, 3, ...Array.from({ length: number }, () => dimensions)].map((fields, at) => {
    const head = new VarintWriter();
    const sizes = Array.from({ length: fields }, (_, field) => (field < shared.length ? 0 : names.length));
    for (const value of [...sizes, 0, 0, 0, 0]) head.write(value);
    const none = new Uint8Array();
    return {
      name: `t${at}`,
      fields: Array.from({ length: fields }, (_, field) => shared[field] ?? 'a'),
      bytes: joinPieces([head.bytes, none, none, none, none, none]),
    };
  });
  const head = {
    ...{ start: 0, end: 60_000, ladder: [], events: [], topics: [], gaps: [], merged: null, people: null },
    dimensions: { item_topic: [], age_segment: [], event: [], a: names },
    tables: Object.fromEntries(made.map(({ name, fields }) => [name, { fields, measure: 'm' }])),
    counting: { events: 't0', users: 't1' },
  };
  const text = new TextEncoder().encode(JSON.stringify([7, head]));
  return joinPieces([text, ...made.map(({ bytes }) => bytes)]);
}

describe('a stranger’s page', () => {
  const [seeds, mutations] = isAll ? [4, 1250] : [1, 600];

  test(`is whole, differs or is refused in a sentence, after ${seeds * mutations} mutations within bounds of time and memory`, async () => {
    const outcomes: Record<string, number> = {};
    for (let seed = 1; seed <= seeds; seed++) {
      const args = ['--import', 'tsx', 'test/support/stranger.ts', page, String(seed), String(mutations)];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const told = JSON.parse(stdout) as Told;
      expect(told.faults).toEqual([]);
      expect(told.slowest).toBeLessThan(most.seconds * 1000);
      expect(told.megabytes).toBeLessThan(most.megabytes);
      for (const [kind, times] of Object.entries(told.outcomes))
        outcomes[kind] = (outcomes[kind] ?? 0) + times;
    }
    const kinds = new Set(Object.keys(outcomes).map((kind) => kind.split(':')[0]));
    expect([outcomes['nothing: whole'], kinds.size]).toEqual([seeds, 12]);
    expect(Object.values(outcomes).reduce((sum, times) => sum + times)).toBe(seeds * (mutations + 1));
  }, 120_000);

  test.each<[string, () => string, RegExp]>([
    [
      'zeros, inflated a thousand times',
      () => forge([Buffer.alloc(1_000_000_000)]),
      /more than 64 MB of data/,
    ],
    [
      'millions of pieces',
      () => forge([Buffer.concat([Buffer.from([0x80, 0x80, 0x80, 0x10]), Buffer.alloc(33_000_000, 1)])]),
      /pieces/,
    ],
    ['a hundred tables that share half a million names', () => forge([manyTables(98, 8)]), /states/],
    [
      'tables that lack what they are asked by',
      () => forge([manyTables(1, 1, ['a'])]),
      /A table of a, a, a has no item_topic/,
    ],
    [
      'a table of more dimensions than one may have',
      () => forge([manyTables(1, 5000)]),
      /Its names or times are none/,
    ],
    ['17 MB of openings', () => `${'<script type="text/plain" id="payload">'.repeat(440_000)}${html}`, /./],
    ['17 MB of a style that does not end', () => '<style>'.repeat(2_400_000), /no manifest/],
    [
      '17 MB of manifest',
      () => html.replace('id="manifest">{', () => `id="manifest">${'{"a":'.repeat(3_400_000)}`),
      /too long/,
    ],
  ])(
    'of %s is refused within bounds',
    async (_, make, said) => {
      writeFileSync(join(cwd, 'bomb.html'), make());
      const [verified, sent] = [
        await measure(['verify', 'bomb.html'], { cwd }),
        await measure(['mail', 'bomb.html', '--from', 'a@example.com', '--to', 'b@example.com'], { cwd }),
      ];
      for (const { code, stderr, megabytes, seconds } of [verified, sent]) {
        expect([1, 5]).toContain(code);
        expect(stderr).toMatch(/^\P{Cc}+\n$/u);
        expect(megabytes).toBeLessThan(most.megabytes);
        expect(seconds).toBeLessThan(most.seconds);
      }
      expect(`${verified.stdout}${verified.stderr}`).toMatch(said);
    },
    60_000,
  );

  test('as full as one may be is verified and mailed within bounds', async () => {
    const payload = readPayload(html);
    const items = Array.from({ length: 1500 }, (_, at) => `topic ${at}`);
    const minutes = Array.from({ length: 7 * 1440 }, (_, at) => at);
    const [ages, sources, kinds] = ['age_segment', 'source_topic', 'event'].map((field) =>
      namesOf(payload, field),
    ) as [string[], string[], string[]];
    const full: Payload = {
      ...{ ...payload, end: payload.start + 7 * dayMs, people: null },
      dimensions: { ...payload.dimensions, item_topic: items },
      topics: items.map((name, rank) => ({ name, color: '#123456', rank })),
      tables: mapValues(payload.tables, ({ fields, measure }, name) => ({
        fields,
        measure,
        cells:
          name === 'engagement'
            ? toCells([items, ages, kinds], [])
            : buildCells(
                [items.length, ages.length, sources.length],
                items.map((_, item) => ({
                  codes: [item, 0, 0],
                  minutes,
                  values: minutes.map((minute) => minute + 20_000),
                })),
              ),
      })),
    };
    writeFileSync(join(cwd, 'full.html'), forge(encode(full), full));
    await expectBoth('full.html', 0, /^(full.html is whole: |Wrote )/);
  }, 120_000);

  test(`of ${isAll ? 'four or ' : ''}ten years is mailed within bounds, of more it is refused`, async () => {
    const payload = readPayload(html);
    for (const years of isAll ? [4, 10, 11] : [10, 11]) {
      const days = Array.from({ length: 365 * years }, (_, day) => day * 1440);
      const row = { codes: [0, 0, 0], minutes: days, values: days.map((day) => day + 1) };
      const old: Payload = {
        ...{ ...payload, end: payload.start + 365 * years * dayMs, people: null },
        tables: mapValues(payload.tables, ({ cells, ...table }) => ({
          ...table,
          cells: buildCells(cells.sizes, [row]),
        })),
      };
      writeFileSync(join(cwd, 'old.html'), forge(encode(old), old));
      if (years > 10) await expectBoth('old.html', 1, /It tells of more than ten years/);
      else await expectBoth('old.html', 0, /^(old.html is whole: |Wrote )/);
    }
  }, 60_000);

  test('that is larger than a page may be is refused unread, also one without an end', async () => {
    writeFileSync(join(cwd, 'large.html'), '');
    truncateSync(join(cwd, 'large.html'), 4e9);
    await expectBoth('large.html', 1, /larger than the 18 MB that a page may take.*--max-size/);
    if (existsSync('/dev/zero')) await expectBoth('/dev/zero', 1, /larger than the 18 MB/);
  }, 60_000);

  test('draws nothing by its own specification, and writes no control characters to the terminal', async () => {
    const bare = html
      .replace(/(id="settings">)[^<]*/, (_, open: string) => `${open}{"charts":[{"name":"history"}]}`)
      .replace('<title>', '<title>\u001b[2J')
      .replace(/"page":"\w+"/, '"page":""');
    writeFileSync(join(cwd, 'own.html'), bare.replace('"page":""', `"page":"${sha(bare)}"`));
    const ends = ['--from', 'a@example.com', '--to', 'b@example.com', '--attach', '--out', 'own.eml'];
    const { code, stdout, stderr } = await zen(['mail', 'own.html', ...ends], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\P{Cc}+\n$/u);
    expect(readFileSync(join(cwd, 'own.eml'), 'latin1')).toContain('image/png');
  });
});
