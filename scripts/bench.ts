// Compares with the tools of the field, side by side in one run, on one PostgreSQL server:
//
//     npm run bench -- /usr/lib/postgresql/15/bin [restore | aggregate | page | pages | engines]
//
// The first argument is the folder of PostgreSQL's programs; the second one leaves the rest out. Figures are medians; trust
// the ratios. What each does beside loading the rows: zen makes its index on ts, analyzes and looks over the log; pg_restore
// makes the key, where the dump has one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openServer } from '../src/db/server.ts';
import { startServer } from '../test/support/postgres.ts';
import { benchAggregate } from './bench/aggregate.ts';
import { measure, median } from './bench/measure.ts';
import type { Run } from './bench/measure.ts';
import { benchEngines, benchPage } from './bench/page.ts';
import { benchPages } from './bench/pages.ts';

const runs = 5;

async function benchRestore(bin: string, url: string, dump: string, rows: string): Promise<void> {
  const found: { zen: Run[]; other: Run[] } = { zen: [], other: [] };
  for (let run = 0; run <= runs; run++) {
    execFileSync(join(bin, 'psql'), ['-qc', 'drop table if exists log_raw', url]);
    const zen = await measure(process.execPath, [
      'bin/zen.js',
      'restore',
      dump,
      '--yes',
      '--quiet',
      '--database',
      url,
    ]);
    execFileSync(join(bin, 'psql'), ['-qc', 'drop table if exists log_raw', url]);
    const other = await measure(join(bin, 'pg_restore'), ['--no-owner', '-1', '-d', url, dump]);
    if (run > 0) {
      found.zen.push(zen);
      found.other.push(other);
    }
  }
  const ratios = found.zen.map(({ seconds }, index) => seconds / (found.other[index]?.seconds ?? NaN));
  const show = (name: string, of: Run[]) =>
    `${name} ${median(of.map(({ seconds }) => seconds)).toFixed(2)} s, ${median(of.map(({ megabytes }) => megabytes)).toFixed(0)} MB`;
  console.log(
    `restore, ${rows} events: ${show('zen', found.zen)}; ${show('pg_restore', found.other)}; ratio ${median(ratios).toFixed(2)}`,
  );
}

/** The log of the database in the formats that have no tool of PostgreSQL's: what zen takes for them, on the same server. */
async function benchFormats(bin: string, url: string, folder: string, rows: string): Promise<void> {
  const psql = (...args: string[]) => execFileSync(join(bin, 'psql'), [...args, url], { maxBuffer: 1 << 30 });
  const csv = join(folder, 'log.csv');
  const json = join(folder, 'log.ndjson');
  const parquet = join(folder, 'log.parquet');
  writeFileSync(csv, psql('-qc', 'copy log_raw to stdout (format csv, header)'));
  writeFileSync(json, psql('-Atc', 'select row_to_json(log_raw) from log_raw'));
  writeFileSync(parquet, toParquet(readFileSync(json, 'utf8')));
  for (const [format, file] of Object.entries({ CSV: csv, 'JSON lines': json, Parquet: parquet })) {
    const found: Run[] = [];
    for (let run = 0; run < runs; run++) {
      psql('-qc', 'drop table if exists log_raw');
      found.push(
        await measure(process.execPath, [
          'bin/zen.js',
          'restore',
          file,
          '--yes',
          '--quiet',
          '--database',
          url,
        ]),
      );
    }
    const [seconds, memory] = [
      median(found.map((each) => each.seconds)),
      median(found.map((each) => each.megabytes)),
    ];
    console.log(`restore, ${rows} events of ${format}: zen ${seconds.toFixed(2)} s, ${memory.toFixed(0)} MB`);
  }
}

/** Lines of JSON in Parquet: numbers as INT64, all else as texts. */
function toParquet(lines: string): Buffer {
  const objects = lines
    .trimEnd()
    .split('\n')
    .map((line): Record<string, string | number | null> => JSON.parse(line) as never);
  const columnData = Object.keys(objects[0] ?? {}).map((name) => {
    const values = objects.map((each) => each[name] ?? null);
    const isNumber = values.some((value) => typeof value === 'number');
    const data = isNumber ? values.map((value) => (value === null ? null : BigInt(value))) : values;
    return { name, data, type: isNumber ? ('INT64' as const) : ('STRING' as const) };
  });
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

/** Nine more hours like the first, their ids going on. */
const grow = `
  insert into log_raw
  select
    event_id + hour * 10000000, age_segment, event, item_id, item_topic, item_type,
    source_id, source_topic, source_type, ts + hour * 3600000, user_id
  from log_raw, generate_series(1, 9) as hour
  order by hour`;

async function restoreAll(bin: string): Promise<void> {
  const server = await startServer(bin);
  const folder = mkdtempSync(join(tmpdir(), 'zen-bench-'));
  try {
    const url = server.url.replace('/postgres', '/bench');
    await (await openServer(url, { create: true })).close();
    await benchRestore(bin, url, 'fixtures/zen.dump', '322,391');
    const psql = (text: string) => execFileSync(join(bin, 'psql'), ['-qc', text, url]);
    const large = join(folder, 'large.dump');
    await benchFormats(bin, url, folder, '322,391');
    execFileSync(join(bin, 'pg_restore'), [
      '--no-owner',
      '--clean',
      '--if-exists',
      '-1',
      '-d',
      url,
      'fixtures/zen.dump',
    ]);
    psql(grow);
    execFileSync(join(bin, 'pg_dump'), ['-Fc', '-f', large, url]);
    await benchRestore(bin, url, large, '3,223,910');
    psql('alter table log_raw drop constraint log_raw_pkey');
    execFileSync(join(bin, 'pg_dump'), ['-Fc', '-f', large, url]);
    await benchRestore(bin, url, large, '3,223,910 keyless');
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

const [bin, only] = process.argv.slice(2);
if (!bin)
  throw new Error('Name the folder of PostgreSQL’s programs: npm run bench -- /usr/lib/postgresql/15/bin');
const benches = {
  restore: restoreAll,
  aggregate: benchAggregate,
  page: benchPage,
  pages: benchPages,
  engines: benchEngines,
};
for (const [name, bench] of Object.entries(benches))
  if (only === undefined || only === name) await bench(bin);
