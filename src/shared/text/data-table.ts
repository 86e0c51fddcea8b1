import type { Drawn, PanelName } from '../panels.ts';
import type { Writer } from './format.ts';

/** A column: names are texts, counts whole numbers, shares of 1. */
export interface Column {
  title: string;
  kind: 'text' | 'count' | 'share';
}

/** A chart's rows as a table; a missing number is null. */
export interface Sheet {
  columns: Column[];
  body: (string | number | null)[][];
}

/** How many rows of a table the page shows. */
export const sheetRows = 500;

/** The rows of a chart as a table, in the order in which they are read. A minute is ISO 8601, UTC; with hours, they are told apart. */
export function tabulate(name: PanelName, drawn: Drawn, { t }: Writer): Sheet {
  return sheets[name](drawn, t);
}

const sheets: Record<PanelName, (drawn: Drawn, t: Writer['t']) => Sheet> = {
  history: ({ history }, t) => {
    const hasHours = history.some(({ minutes }) => minutes !== undefined);
    return {
      columns: [
        text(t('Minute, UTC')),
        ...(hasHours ? [count(t('Minutes'))] : []),
        text(t('Card topic')),
        count(t('Events')),
      ],
      body: history
        .toSorted((a, b) => a.dt - b.dt || b.visits - a.visits)
        .map(({ dt, minutes = 1, item_topic, visits }) => [
          isoMinute(dt),
          ...(hasHours ? [minutes] : []),
          item_topic,
          visits,
        ]),
    };
  },
  sources: ({ sources }, t) => ({
    columns: [text(t('Source topic')), count(t('Events')), share(t('Share'))],
    body: sources
      .toSorted((a, b) => b.visits - a.visits)
      .map(({ source_topic, visits, share }) => [source_topic, visits, share]),
  }),
  funnel: ({ funnel }, t) => ({
    columns: [
      text(t('Event')),
      count(t('Unique users, summed by minute')),
      share(t('Of shows, by sums')),
      share(t('Of clicks')),
      share(t('Mean of existing rows, of the largest such mean')),
    ],
    body: funnel.map(({ name, users, share, step, mean_share }) => [name, users, share, step, mean_share]),
  }),
  people: ({ people }, t) => ({
    columns: [
      text(t('Event')),
      count(t('People, at least')),
      count(t('People, at most')),
      share(t('Of people shown, at least')),
      share(t('Of people shown, at most')),
    ],
    body: people.map(({ name, low, high, share_low, share_high }) => [
      name,
      low,
      high,
      share_low,
      share_high,
    ]),
  }),
};

const text = (title: string): Column => ({ title, kind: 'text' });
const count = (title: string): Column => ({ title, kind: 'count' });
const share = (title: string): Column => ({ title, kind: 'share' });

function isoMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}

/** A value of a column, for people. */
export function show(value: string | number | null, column: Column | undefined, write: Writer): string {
  if (typeof value === 'string') return value;
  return column?.kind === 'count' && value !== null ? write.number(value) : write.percent(value);
}

/**
 * A table as CSV (RFC 4180), with a byte order mark, by which Excel knows that it is UTF-8. A text that a spreadsheet would
 * take for a formula gets an apostrophe before it (OWASP, "CSV Injection").
 */
export function toCsv({ columns, body }: Sheet): string {
  const lines = [columns.map(({ title }) => title), ...body].map((cells) => cells.map(csvCell).join(','));
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

function csvCell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
