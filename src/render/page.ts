import Handlebars from 'handlebars';
import { DateTime } from 'luxon';
import type { TopLevelSpec } from 'vega-lite';
import { readShipped } from '../files.ts';
import { encode } from '../shared/payload.ts';
import type { Payload } from '../shared/payload.ts';
import type { Chart, Locale } from '../shared/settings.ts';
import { translator } from './locale.ts';

export interface Page {
  title: string;
  locale: Locale;
  payload: Payload;
  /** Events in it. */
  visits: number;
  charts: Chart[];
  /** The Vega-Lite specifications that the charts were compiled from, for readers of the source. */
  sources: Record<string, TopLevelSpec>;
}

/** The whole dashboard as one HTML text that asks for nothing else: style, script and data are in it. */
export function renderPage({ title, locale, payload, visits, charts, sources }: Page): string {
  const template = Handlebars.compile(readShipped('templates/page.hbs'), { strict: true });
  const view = {
    title,
    language: locale.language,
    style: readShipped('templates/page.css'),
    script: readShipped('dist/client.js'),
    payload: inert(encode(payload)),
    settings: inert(JSON.stringify({ locale, charts })),
    sources: inert(JSON.stringify(sources)),
    summary: summarize(payload, visits, locale),
    empty: visits > 0 ? 'No events for this selection.' : 'No data in this period.',
  };
  return template(view, { helpers: { t: translator(locale) } });
}

/** What the page shows, in a line: the period and how many events. */
function summarize({ start, end }: Payload, visits: number, locale: Locale): string {
  const [from, to] = [start, end].map((ms) =>
    DateTime.fromMillis(ms, { zone: 'utc', locale: locale.language }),
  );
  const time = 'd MMMM yyyy, HH:mm';
  const until = to?.toFormat(from?.hasSame(to, 'day') ? 'HH:mm' : time) ?? '';
  const count = new Intl.NumberFormat(locale.language).format(visits);
  return `${from?.toFormat(time) ?? ''} – ${until} UTC · ${translator(locale)('events')}: ${count}`;
}

/** JSON that cannot end the script element it stands in, whatever its strings say. */
function inert(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
