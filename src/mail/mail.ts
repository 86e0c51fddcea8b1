import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import Handlebars from 'handlebars';
import { readShipped } from '../files.ts';
import { compileChart, drawFor, readChart } from '../render/charts.ts';
import type { LocaleName } from '../render/locale.ts';
import { readLocale } from '../render/locale.ts';
import { readClock, readSettings } from '../render/manifest.ts';
import type { Locale, Words } from '../shared/settings.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import { translator } from '../shared/text/messages.ts';
import type { Clock } from '../shared/text/clock.ts';
import type { History } from './history.ts';
import { addKey } from './key.ts';
import { drawPng } from './picture.ts';

export interface MailOptions {
  from: string;
  to: string;
  /** Where the page can be opened. */
  url?: string | undefined;
  /** The page is attached when it has at most so many bytes. */
  attach: number;
  /** The name of the attached page. */
  filename: string;
}

/** A message as it goes over the wire (RFC 5322 and 2045: ASCII, CRLF). */
export interface Mail {
  subject: string;
  source: Buffer;
  attached: boolean;
}

/** The place of the picture in a message, for which its letters are drawn; and its pixels, twice as many. */
const place = { width: 600, height: 330 };
const width = 2 * place.width;

/** Letters of each text of a page. With `mostFindings`, all of them stay below the 102 kB at which Gmail cuts a message off. */
const longestPart = 800;

/**
 * Writes a message about a page: what changed, the headline's numbers and the history as a picture, which is in the message, so
 * that a client that loads nothing shows it whole. Its texts and numbers are the page's; how they are drawn is not, for a
 * page may be a stranger's.
 *
 * @param html a page that `verify` has found whole
 */
export async function writeMail(
  html: Buffer,
  language: LocaleName,
  history: History,
  options: MailOptions,
): Promise<Mail> {
  const locale = readLocale(language);
  const t = translator(locale);
  const words = readWords(html);
  const attached = html.length <= options.attach;
  const subject = `${words.title}: ${writeHeadline(words, t('Events'))}`;
  const facts = [
    [t('Events'), words.events],
    [t('Peak minute'), words.peak],
    [t('View rate'), words.views],
  ].map(([name, value]) => ({ name, value }));
  const { picture, title } = await draw(history, locale, readClock(html));
  const content = {
    ...words,
    ...{ facts, attached, url: options.url, language, picture: title },
    open: options.url ? t('Open the dashboard') : '',
    told: attached ? t('The dashboard is attached: open it in a browser, and filter.') : '',
  };
  const message = new MailComposer({
    ...{ from: options.from, to: options.to, subject, newline: 'windows' },
    text: writeText(content),
    html: template()(content),
    attachments: [
      {
        filename: 'zen.png',
        cid: 'history@zen',
        contentType: 'image/png',
        content: picture,
      },
      ...(attached ? [{ filename: options.filename, contentType: 'text/html', content: html }] : []),
    ],
  });
  return { subject, source: await message.compile().build(), attached };
}

type Template = ReturnType<typeof Handlebars.compile>;

let compiled: Template | undefined;

function template(): Template {
  return (compiled ??= Handlebars.compile(readShipped('templates/mail.hbs'), { strict: true }));
}

async function draw(
  { payload, topics }: History,
  locale: Locale,
  clock: Clock,
): Promise<{ picture: Buffer; title: string }> {
  const scene = { period: payload, ladder: payload.ladder, clock };
  const chart = compileChart('history', readChart('history', scene, translator(locale)), payload.tables);
  const svg = await drawFor(place, chart, tabulatePayload(payload), locale);
  return { picture: await drawPng(addKey(svg, topics), width), title: chart.panel.title };
}

/** Findings of a page, beyond which they are cut off. */
const mostFindings = 10;

/** Reads the page's words before anything is chosen; of a stranger's page, whatever of them are texts. */
function readWords(html: Buffer): Words {
  const { words } = readSettings(html) as { words?: Partial<Record<keyof Words, unknown>> };
  const cut = (text: unknown) => (typeof text === 'string' ? text.slice(0, longestPart) : '');
  const of = (name: keyof Words) => cut(words?.[name]);
  const findings = Array.isArray(words?.findings) ? words.findings.slice(0, mostFindings).map(cut) : [];
  return {
    title: of('title'),
    silences: of('silences'),
    change: of('change'),
    summary: of('summary'),
    warning: of('warning'),
    ...{ events: of('events'), peak: of('peak'), views: of('views') },
    findings: findings.filter((text) => text !== ''),
  };
}

/** Tells what changed, in the first sentence of that; when it is not known, the period and its events. */
function writeHeadline({ change, summary, events }: Words, of: string): string {
  if (change === '') return `${summary.split(' · ')[0] ?? ''} · ${of}: ${events}`;
  return (change.split(/\.\s+(?=\p{Lu})/u)[0] ?? '').replace(/\.$/, '');
}

interface MessageContent extends Words {
  facts: { name: string | undefined; value: string | undefined }[];
  url: string | undefined;
  open: string;
  told: string;
}

function writeText({
  title,
  warning,
  change,
  silences,
  summary,
  facts,
  findings,
  url,
  open,
  told,
}: MessageContent): string {
  const numbers = facts.map(({ name, value }) => `${name ?? ''}: ${value ?? ''}`).join('\n');
  const link = url ? `${open}: ${url}` : '';
  return [title, warning, change, silences, summary, numbers, findings.join('\n'), link, told]
    .filter((part) => part !== '')
    .join('\n\n');
}
