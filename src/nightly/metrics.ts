import { readFile } from 'node:fs/promises';
import { listAggregates } from '../log/aggregates.ts';
import { writePage } from '../output.ts';
import type { Check } from './checks.ts';

/** The figures of a night, as far as it came. Times are Unix milliseconds. */
export interface Figures {
  started: number;
  finished: number;
  exit: number;
  published: boolean;
  /** The last event up to now; null when there is none. */
  lastEvent?: number | null;
  /** The end of what is aggregated, and how many milliseconds of the page's period are not. */
  coverage?: { end: number | null; missing: number };
  /** The object of `zen aggregate --json`: `events`, `visits_rows` … */
  aggregated?: Record<string, unknown>;
  /** The rows of the page. */
  rows?: number;
  checks: readonly Check[];
}

const outcomes: readonly Check['outcome'][] = ['passed', 'warned', 'failed'];

const lastSuccess = 'zen_nightly_last_success_timestamp_seconds';

/**
 * Writes the figures for Prometheus' node_exporter, whose textfile collector reads them. The last success stays what it was, when this
 * night is none. What a night did not come to has no line.
 *
 * @throws ZenError `failed` when the file cannot be written
 */
export async function writeMetrics(file: string, figures: Figures): Promise<void> {
  const before = new RegExp(`^${lastSuccess} (\\S+)$`, 'm');
  const success = figures.published
    ? figures.finished / 1000
    : Number(before.exec(await readFile(file, 'utf8').catch(() => ''))?.[1] ?? NaN);
  await writePage(file, describeMetrics(figures, success), { mode: 0o644 });
}

/** The text format: https://prometheus.io/docs/instrumenting/exposition_formats/. */
function describeMetrics(figures: Figures, success: number): string {
  const { started, finished, exit, published, lastEvent, coverage, aggregated, rows, checks } = figures;
  const metrics: [name: string, help: string, values: [labels: string, value: number | undefined][]][] = [
    ['zen_nightly_start_timestamp_seconds', 'When the last night began.', [['', started / 1000]]],
    ['zen_nightly_duration_seconds', 'The time that it took.', [['', (finished - started) / 1000]]],
    ['zen_nightly_exit_code', 'Its exit code: 0 when all is well.', [['', exit]]],
    ['zen_nightly_published', '1 when it published the page, else 0.', [['', Number(published)]]],
    [lastSuccess, 'When the page was last published.', [['', success]]],
    ['zen_last_event_timestamp_seconds', 'The last event up to then.', [['', inSeconds(lastEvent)]]],
    [
      'zen_last_event_age_seconds',
      'Its age at the end of the night.',
      [['', inSeconds(lastEvent == null ? null : finished - lastEvent)]],
    ],
    [
      'zen_coverage_end_timestamp_seconds',
      'The end of what is aggregated.',
      [['', inSeconds(coverage?.end)]],
    ],
    [
      'zen_coverage_missing_seconds',
      'How much of the period of the page is not aggregated.',
      [['', inSeconds(coverage?.missing)]],
    ],
    [
      'zen_aggregated_events',
      'The events that the night aggregated.',
      [['', findNumber(aggregated, 'events')]],
    ],
    [
      'zen_aggregated_rows',
      'The rows of each aggregate that it wrote.',
      listAggregates().map(({ name }) => [label('aggregate', name), findNumber(aggregated, `${name}_rows`)]),
    ],
    ['zen_page_rows', 'The rows of the page.', [['', rows]]],
    [
      'zen_check',
      'The outcome of each check: 0 passed, 1 warned, 2 failed.',
      checks.map(({ name, outcome }) => [label('check', name), outcomes.indexOf(outcome)]),
    ],
  ];
  return metrics
    .flatMap(([name, help, values]) => {
      const known = values.flatMap(([labels, value]) =>
        value === undefined || Number.isNaN(value) ? [] : [`${name}${labels} ${value}\n`],
      );
      return known.length > 0 ? [`# HELP ${name} ${help}\n# TYPE ${name} gauge\n`, ...known] : [];
    })
    .join('');
}

function findNumber(figures: Record<string, unknown> | undefined, name: string): number | undefined {
  const found = figures?.[name];
  return typeof found === 'number' ? found : undefined;
}

function inSeconds(ms: number | null | undefined): number | undefined {
  return ms == null ? undefined : ms / 1000;
}

function label(name: string, value: string): string {
  return `{${name}="${value.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"}`;
}
