import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database } from '../db/database.ts';
import { requireTable } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import type { Window } from '../time.ts';
import { dayMs, lastMidnight, requireOrder } from '../time.ts';
import type { Cells } from '../shared/cells.ts';
import { panels } from '../shared/drawn.ts';
import { tabulatePayload } from '../shared/table.ts';
import { translator } from '../shared/words.ts';
import { compileChart, readChart } from './charts.ts';
import { queryFacts } from './facts.ts';
import { readLocale } from './locale.ts';
import type { LocaleName } from './locale.ts';
import { pack } from './pack.ts';
import { renderPage } from './page.ts';
import { takeSnapshot } from './snapshot.ts';
import { queryPayload, querySpan } from './tables.ts';

export interface RenderOptions {
  /** Unix milliseconds; without it, the first aggregated minute. */
  start?: number | undefined;
  /** Unix milliseconds, not in the period; without it, the end of the last aggregated minute. */
  end?: number | undefined;
  locale: LocaleName;
  title?: string | undefined;
}

export interface Rendered {
  html: string;
  period: Window;
  /** Events in the page: the sum of its visits. */
  visits: number;
  /** Rows of both aggregates in the page. */
  rows: number;
  /** The charts that go through an aggregate row by row, because nothing of them could be pushed down. */
  slow: string[];
}

/**
 * Renders the dashboard of a period from the aggregates. Where they are empty, the page says so.
 *
 * @param now Unix milliseconds
 * @throws ZenError `usage` when the period ends before it starts, `failed` when there are no tables
 */
export async function render(db: Database, options: RenderOptions, now = Date.now()): Promise<Rendered> {
  const period = await resolvePeriod(db, options, now);
  const locale = readLocale(options.locale);
  const translate = translator(locale);
  const facts = await queryFacts(db, period);
  const payload = await queryPayload(db, period, facts.gaps, translate);
  const scene = { period, coarse: payload.coarse };
  const sources = Object.fromEntries(panels.map((name) => [name, readChart(name, scene, translate)]));
  const compiled = Object.entries(sources).map(([name, source]) => compileChart(name, source));
  const title = options.title ?? translate('Zen: interaction with cards');
  const tables = tabulatePayload(payload);
  const snapshots = await Promise.all(compiled.map((chart) => takeSnapshot(chart, tables, locale)));
  const visits = payload.visits.sums.at(-1) ?? 0;
  const charts = compiled.map(({ name, spec, rows, tables }) => ({ name, spec, rows, tables }));
  const packed = pack(payload);
  return {
    html: renderPage({ title, locale, payload, packed, visits, facts, charts, snapshots, tables, sources }),
    period,
    visits,
    rows: countRows(payload.visits) + countRows(payload.engagement),
    slow: compiled.filter(({ left }) => left.length > 0).map(({ name }) => name),
  };
}

/** The rows of the database that a table holds. */
function countRows({ counts, minutes }: Cells): number {
  return counts?.at(-1) ?? minutes.length;
}

/** Without dates, all that is aggregated; when that is nothing, the last UTC day. */
async function resolvePeriod(db: Database, { start, end }: RenderOptions, now: number): Promise<Window> {
  await requireTable(db, 'dash_visits', 'zen aggregate');
  await requireTable(db, 'dash_engagement', 'zen aggregate');
  const midnight = lastMidnight(now);
  const span = (await querySpan(db)) ?? { start: midnight - dayMs, end: midnight };
  const period = { start: start ?? span.start, end: end ?? span.end };
  requireOrder('period', period);
  return period;
}

/**
 * Writes the page beside its place and renames it, so that a reader never finds half a page.
 *
 * @throws ZenError `failed` when it cannot be written; what was there stays
 */
export async function writePage(file: string, html: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, html);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new ZenError('failed', `Cannot write ${file}: ${messageOf(error)}.`, { cause: error });
  }
}
