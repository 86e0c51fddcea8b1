// Renders 100 pages of the demo's log from one run, 99 of them of some topics alone, beside the dashboard alone.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openServer } from '../../src/db/server.ts';
import { startServer } from '../../test/support/postgres.ts';
import { measure, median } from './measure.ts';
import type { Run } from './measure.ts';

const rounds = 3;
const others = 99;

/** @param bin the folder of PostgreSQL's programs */
export async function benchPages(bin: string): Promise<void> {
  const server = await startServer(bin);
  const folder = mkdtempSync(join(tmpdir(), 'zen-bench-'));
  try {
    const database = server.url.replace('/postgres', '/pages');
    const zen = (...args: string[]) => ['bin/zen.js', ...args, '--quiet', '--database', database];
    execFileSync(process.execPath, zen('restore', 'fixtures/zen.dump', '--create', '--yes'));
    execFileSync(process.execPath, zen('aggregate'));
    const db = await openServer(database);
    const topics = await db.query<{ name: string }>(
      'select distinct item_topic as name from dash_visits where item_topic is not null order by 1',
    );
    await db.close();
    const pages = Array.from({ length: others }, (_, at) => ({
      name: `page_${at}`,
      where: { item_topic: [0, 1, 5].map((step) => topics[(at + step * at) % topics.length]?.name) },
    }));
    writeFileSync(join(folder, 'zen.json'), JSON.stringify({ pages }));
    const render = (...more: string[]) => measure(process.execPath, zen('render', ...more));
    const [one, all]: [Run[], Run[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      one.push(await render('--out', join(folder, 'zen.html')));
      all.push(await render('--project', folder));
    }
    const tell = (runs: Run[], of: keyof Run) => median(runs.map((run) => run[of]));
    const times = (of: keyof Run) => (tell(all, of) / tell(one, of)).toFixed(1);
    for (const [name, runs] of Object.entries({ 'one page': one, '100 pages': all }))
      console.log(
        `render, ${name}: ${tell(runs, 'seconds').toFixed(2)} s, ${tell(runs, 'processor').toFixed(2)} s of the processor, ${tell(runs, 'megabytes').toFixed(0)} MB`,
      );
    console.log(
      `100 pages take ${times('seconds')} × the time of one, ${times('processor')} × its processor time`,
    );
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}
