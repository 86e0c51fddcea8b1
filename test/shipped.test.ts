import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { aggregate } from '../src/aggregate/aggregate.ts';
import { sql } from '../src/files.ts';
import { parseTime } from '../src/time.ts';
import { newDatabase } from './support/databases.ts';
import { insertEvents } from './support/log.ts';
import { render } from './support/page.ts';

interface Locked {
  license?: string;
  dev?: boolean;
  devOptional?: boolean;
  hasInstallScript?: boolean;
  version: string;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};
const shipped = Object.entries(packages).filter(
  ([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional,
);

/** Licences that allow what the MIT licence does, with no more asked than to be named. */
const compatible =
  /^(MIT(-0)?|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|Unlicense|PostgreSQL)( AND (MIT|BSD-3-Clause))?$/;

test('all that is installed with zen is under a licence compatible with its own, and runs no script to be installed', () => {
  expect(shipped.length).toBeGreaterThan(20);
  const others = shipped.filter(([, { license }]) => !compatible.test(license ?? ''));
  // Unchanged, and apart from zen: fonts under Bitstream Vera's terms, and a library under a licence for each of its files.
  expect(others.map(([path, { license }]) => [path, license])).toEqual([
    ['node_modules/@resvg/resvg-wasm', 'MPL-2.0'],
    ['node_modules/dejavu-fonts-ttf', 'SEE LICENSE IN README.md AND LICENSE'],
  ]);
  expect(readFileSync('node_modules/dejavu-fonts-ttf/LICENSE', 'utf8')).toContain(
    'Bitstream Vera Fonts Copyright',
  );
  expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
});

test('the page holds the licences of the libraries in its script', async () => {
  const notices = readFileSync('dist/notices.txt', 'utf8');
  for (const name of ['vega-view', 'vega-dataflow', 'vega-interpreter', 'd3-scale', 'd3-shape'])
    expect(notices).toMatch(new RegExp(`\\b${name} \\d+\\.`));
  expect(notices).toContain('Copyright (c) 2015-2023, University of Washington Interactive Data Lab');
  const db = await newDatabase('embedded');
  await insertEvents(db, []);
  await aggregate(db, [{ start: 0, end: 60_000 }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  expect((await render(db, { locale: 'en' })).html).toContain(notices.trim().split('\n')[2] ?? '-');
  await db.close();
});

test('no user, card or event can be told from the page', async () => {
  const db = await newDatabase('server');
  const ids = {
    user_id: 7_770_001_777,
    item_id: 8_880_002_888,
    source_id: 6_660_003_666,
    event_id: 5_550_004_555,
  };
  const start = parseTime('2026-11-22 12:00');
  await db.run(sql('restore/table'));
  await db.run(
    `insert into log_raw (${Object.keys(ids).join(', ')}, ts, item_topic, source_topic, age_segment, event)
     select ${Object.values(ids)
       .map((id) => `${id} + at * 10000`)
       .join(', ')}, ${start} + at, 'a', 'b', 'c', 'show'
     from generate_series(0, 2) as at`,
  );
  await aggregate(db, [{ start, end: start + 60_000 }], { minute: 'floor', dryRun: false, jobs: 1, wait: 0 });
  const { html } = await render(db, { locale: 'en' });
  const packed = /id="payload">([^<]*)/.exec(html)?.[1] ?? '';
  const inflated = inflateSync(Buffer.from(packed, 'base64')).toString('latin1');
  for (const id of Object.values(ids)) {
    for (const written of [String(id), String(id + 10_000), varint(id)]) {
      expect(html.includes(written)).toBe(false);
      expect(inflated.includes(written)).toBe(false);
    }
  }
  expect(inflated).toContain('"a"');
  await db.close();
});

/** A number as the payload would write it. */
function varint(number: number): string {
  const bytes = [];
  for (let rest = BigInt(number); ; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    if (rest <= 127n) return String.fromCharCode(...bytes);
  }
}
