import { findCounting } from '../../log/aggregates.ts';
import { resolve } from 'node:path';
import type { Database, Session } from '../../db/database.ts';
import { ZenError } from '../../errors.ts';
import { writePage } from '../../output.ts';
import type { LocaleName } from '../../render/locale.ts';
import { writeLadder } from '../../render/steps.ts';
import type { StepByAge } from '../../render/steps.ts';
import type { Content, RenderProgress } from '../../render/render.ts';
import { describeWindow, isoTime, lastMidnight } from '../../time.ts';
import { describeCount, describeShare } from '../format.ts';
import { describeSize } from '../../shared/units.ts';
import { readDates } from '../options.ts';
import type { CommonOptions, DateOptions } from '../options.ts';
import type { OtherPage } from '../pages.ts';
import { runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { listOwn } from '../../ledger/state.ts';
import { tellState } from '../state.ts';
import type { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

export interface RenderFlags extends CommonOptions, DateOptions {
  out: string;
  /** The file’s permissions, as chmod takes them. */
  mode?: number;
  locale: LocaleName;
  timeZone?: string;
  title?: string;
  /** Megabytes. */
  maxSize: number;
  steps?: StepByAge[];
  minCell: number;
  /** Milliseconds. */
  last?: number;
}

/** The period to render: the dates given, or a stretch up to the end, which is the last UTC midnight unless given. */
export function periodOf(flags: RenderFlags): { start: number | undefined; end: number | undefined } {
  const { start, end } = readDates(flags);
  if (flags.last === undefined) return { start, end };
  if (start !== undefined)
    throw new ZenError('usage', 'Give either --last or --start-dt: both set the start of the period.');
  const till = end ?? lastMidnight(Date.now());
  return { start: till - flags.last, end: till };
}

/**
 * @param pages beside the dashboard, which are made from the same reading
 * @param streams where it talks
 */
export async function runRender(flags: RenderFlags, pages: OtherPage[], streams?: Streams): Promise<void> {
  if (flags.json && flags.out === '-')
    throw new ZenError('usage', 'With --json, name a file for the page: --out <file>.');
  await runCommand({ ...flags, streams }, async (db, terminal, seconds) => {
    await tellState(db, terminal, { reads: listOwn() });
    if (pages.length === 0) return renderFrom(db, terminal, seconds, flags);
    const { readContent } = await import('../../render/render.ts');
    const { locale, minCell } = flags;
    const read = (session: Session) =>
      readContent(session, { ...periodOf(flags), locale, minCell }, Date.now());
    const content = await terminal.during('Reading', () =>
      db.transaction(read, { snapshot: 'read only', beside: true }),
    );
    await requireChoices(content, pages);
    const report = await renderFrom(db, terminal, seconds, flags, { content });
    return addPages(report, await renderPages(db, terminal, flags, pages, { content }), seconds);
  });
}

/** @throws ZenError `usage` for a page that filters by what its numbers lack, before any page is written */
export async function requireChoices({ whole }: Content, pages: readonly OtherPage[]): Promise<void> {
  const { requireDimensions } = await import('../../render/narrow.ts');
  for (const { where = {} } of pages) requireDimensions(whole.payload, Object.keys(where));
}

/** The report of the dashboard with those of the pages beside it. */
export function addPages(report: Report, files: object[], seconds: () => number): Report {
  if (files.length === 0) return report;
  const text = `${report.text}\nRendered ${files.length} more from the same reading, in ${seconds()} s in all.`;
  return { ...report, text, json: { ...report.json, pages: files } };
}

/** Names of a page beside the dashboard that are told as unknown. */
const mostMisspelt = 5;

/**
 * Renders the pages beside the dashboard.
 *
 * @param content of the dashboard
 * @returns the file of each, with its bytes and its events
 */
export async function renderPages(
  db: Database,
  terminal: Terminal,
  flags: RenderFlags,
  pages: readonly OtherPage[],
  { warning, content }: { warning?: string; content: Content },
): Promise<object[]> {
  const { listMisspelt } = await import('../../render/render.ts');
  const { renderParts } = await import('../../render/parts.ts');
  for (const { name, where = {} } of pages) {
    const misspelt = listMisspelt(content, flags.locale, where);
    for (const each of misspelt.slice(0, mostMisspelt)) terminal.note(`The page “${name}” is of ${each}`);
  }
  const { timeZone, maxSize, steps, minCell, mode } = flags;
  const parts = pages.map(({ locale = flags.locale, title = flags.title, ...page }) => {
    return { ...page, locale, title, timeZone, maxSize, steps, minCell, warning };
  });
  const last = () => {
    db.demand();
  };
  return terminal.during('Rendering the other pages', (update) => {
    let published = 0;
    return renderParts(db, content, flags.locale, parts, async ({ html, events }, { name, where, out }) => {
      await writePage(out, html, { mode, last });
      update(`Rendering the other pages: ${(published += 1)} of ${pages.length}, ${name}`);
      if (where && events === 0)
        terminal.note(`The page “${name}” says that there is no data: the period has none of its names.`);
      return { name, file: resolve(out), bytes: html.length, [findCounting().measure]: events };
    });
  });
}

/**
 * @param warning stands on the page, above everything
 * @param content of the page, where it has been read already
 */
export async function renderFrom(
  db: Database,
  terminal: Terminal,
  seconds: () => number,
  flags: RenderFlags,
  { warning, content }: { warning?: string; content?: Content } = {},
): Promise<Report> {
  const { render } = await import('../../render/render.ts');
  const { locale, timeZone, title, out, maxSize, steps, minCell } = flags;
  const toStdout = out === '-';
  const [file, name] = toStdout ? ['stdout', 'the page'] : [resolve(out), out];
  const options = { ...periodOf(flags), locale, timeZone, title, maxSize, steps, minCell, warning };
  const { html, period, events, rows, slow, ladder, silences, uncounted, merged, strangers } =
    await terminal.during(`Rendering ${name}`, async (update) => {
      const progress = ({ stage, share }: RenderProgress) => {
        const how = share === undefined ? '' : ` ${describeShare(share, seconds())}`;
        update(`Rendering ${name}: ${stage}${how}`);
      };
      const rendered = await render(db, options, Date.now(), progress, content);
      const last = () => {
        db.demand();
      };
      if (toStdout) last();
      else await writePage(file, rendered.html, { mode: flags.mode, last });
      return rendered;
    });
  if (ladder.length > 0)
    terminal.note(
      `Not all of the page is in minutes (--max-size ${maxSize}${steps ? ', --steps' : ''}): ${writeLadder(ladder)}.`,
    );
  for (const window of silences)
    terminal.note(`${describeWindow(window)} has not one event, in busy time: the page says so.`);
  if (uncounted.length > 0)
    terminal.note(
      `The page does not count people: dash_users has none, or not all, of ${uncounted.map((day) => isoTime(day).slice(0, 10)).join(', ')}, or they are aggregated with two minute rules. ` +
        'Run zen aggregate --users over those days, while the log has them.',
    );
  for (const stranger of strangers) terminal.note(stranger);
  if (merged > 0)
    terminal.note(
      `${describeCount(merged, 'group')} (topic, age, event) merged, so that none has fewer than ${minCell} people. ` +
        (uncounted.length > 0 ? 'Where people are not counted, that is judged by single minutes. ' : '') +
        'For the exact page, which may tell of single people: --min-cell 1.',
    );
  const bytes = html.length;
  if (events === 0)
    terminal.note('The page says that there is no data: nothing is aggregated of its period.');
  for (const name of slow)
    terminal.note(
      `templates/charts/${name}.vl.json cannot be answered from columns, so that it is slow to filter.`,
    );
  return {
    text: `Rendered ${describeCount(events, 'event')} of ${describeWindow(period)} into ${file} (${describeSize(bytes)}) in ${seconds()} s.`,
    json: {
      file,
      bytes,
      start: isoTime(period.start),
      end: isoTime(period.end),
      [findCounting().measure]: events,
      rows,
      merged,
      steps: ladder.map(({ until, minutes }) => ({ until: isoTime(until), minutes })),
      seconds: seconds(),
    },
    page: toStdout ? html : undefined,
  };
}
