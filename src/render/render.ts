import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database } from '../db/database.ts';
import { requireTable } from '../db/tables.ts';
import { messageOf, ZenError } from '../errors.ts';
import type { Window } from '../time.ts';
import { requireOrder } from '../time.ts';
import { chartNames, compileChart, readChart } from './charts.ts';
import { readLocale, translator } from './locale.ts';
import type { LocaleName } from './locale.ts';
import { renderPage } from './page.ts';
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
}

/**
 * Renders the dashboard of a period from the aggregates.
 *
 * @throws ZenError `usage` when the period ends before it starts, `failed` when nothing was aggregated yet
 */
export async function render(db: Database, options: RenderOptions): Promise<Rendered> {
  const period = await resolvePeriod(db, options);
  const locale = readLocale(options.locale);
  const translate = translator(locale);
  const payload = await queryPayload(db, period, translate);
  const sources = Object.fromEntries(chartNames.map((name) => [name, readChart(name, period, translate)]));
  const charts = Object.entries(sources).map(([name, source]) => compileChart(name, source));
  const title = options.title ?? translate('Zen: interaction with cards');
  const { tables } = payload;
  const visits = tables.visits.reduce((sum, row) => sum + row.visits, 0);
  return {
    html: renderPage({ title, locale, payload, visits, charts, sources }),
    period,
    visits,
    rows: tables.visits.length + tables.engagement.length,
  };
}

async function resolvePeriod(db: Database, { start, end }: RenderOptions): Promise<Window> {
  await requireTable(db, 'dash_visits', 'zen aggregate');
  await requireTable(db, 'dash_engagement', 'zen aggregate');
  const span = await querySpan(db);
  const from = start ?? span?.start;
  const to = end ?? span?.end;
  if (from === undefined || to === undefined) {
    throw new ZenError(
      'failed',
      'Nothing is aggregated yet, so there is nothing to render. Run zen aggregate first.',
    );
  }
  requireOrder('period', { start: from, end: to });
  return { start: from, end: to };
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
