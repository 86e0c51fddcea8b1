import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { Session } from '../../db/database.ts';
import { ZenError } from '../../errors.ts';
import { queryLate } from '../../ledger/changed.ts';
import type { Changed } from '../../ledger/changed.ts';
import { queryCovered } from '../../ledger/ledger.ts';
import { archive } from '../../nightly/archive.ts';
import { runChecks } from '../../nightly/checks.ts';
import type { Check } from '../../nightly/checks.ts';
import type { Content } from '../../render/render.ts';
import { describeWindow, isoTime, lastMidnight } from '../../time.ts';
import type { Window } from '../../time.ts';
import { runCommand } from '../run.ts';
import type { Report } from '../run.ts';
import { requireFile } from '../options.ts';
import { aggregateIn } from './aggregate.ts';
import { pruneIn } from './prune.ts';
import { renderFrom, renderPages, requireChoices } from './render.ts';
import type { AggregateFlags } from './aggregate.ts';
import type { PruneFlags } from './prune.ts';
import type { OtherPage, RenderFlags } from './render.ts';
import { describeLate } from '../report.ts';
import { Terminal } from '../terminal.ts';

export interface NightlyFlags extends AggregateFlags, RenderFlags, PruneFlags {
  /** Milliseconds. */
  last: number;
  archive?: boolean;
  keep: number;
  /** Events that the last day must have. */
  minEvents: number;
  force?: boolean;
  logFormat: 'text' | 'json';
}

/** Writes a step of the run as a line. */
type Log = (step: string, text: string, facts?: Record<string, unknown>) => void;

/** Everything that a night needs: aggregate what is missing, look whether it can be shown, and publish the page. */
export async function runNightly(flags: NightlyFlags, pages: OtherPage[]): Promise<void> {
  requireFile(flags.out);
  const run = randomUUID();
  const voice = new Terminal({ quiet: flags.quiet === true && flags.logFormat === 'text' });
  const log: Log = (step, text, facts = {}) => {
    const line = { time: isoTime(Date.now()), run, step, text, ...facts };
    voice.note(flags.logFormat === 'json' ? JSON.stringify(line) : `${line.time} ${step}: ${text}`);
  };
  try {
    const tell = (text: string) => {
      log('note', text);
    };
    await runCommand({ ...flags, quiet: true, tell }, async (db, terminal, seconds) => {
      const aggregated = await aggregateIn(db, terminal, seconds, flags);
      log('aggregate', aggregated.text, aggregated.json);
      const look = (session: Session) => examine(session, flags);
      const { window, checks, failed, late, content } = await db.transaction(look, { snapshot: 'read only' });
      for (const { name, outcome, text } of checks) log(`check ${name}`, `${outcome}: ${text}`, { outcome });
      for (const line of describeLate(late)) log('late', line);
      const lost = late.map(({ start, end, ...of }) => ({ start: isoTime(start), end: isoTime(end), ...of }));
      const json = { run, aggregated: aggregated.json, checks, late: lost };
      if (!content) return refuseToPublish(failed, flags, json);
      const warning = failed.map(({ text }) => text).join(' ');
      const page: RenderFlags = { ...flags, startDt: window.start, endDt: window.end };
      delete page.last;
      await requireChoices(content, pages);
      const rendered = await renderFrom(db, terminal, seconds, page, { warning, content });
      log('render', rendered.text, rendered.json);
      const others = await renderPages(db, terminal, page, pages, { warning, content });
      if (others.length > 0) log('pages', `Rendered ${others.length} more.`, { pages: others });
      if (flags.archive) {
        const copy = await archive(resolve(flags.out), window.end, flags.keep, flags.mode);
        log('archive', `Copied to ${copy}.`, { copy });
      }
      const isPruning = flags.pruneRaw !== undefined || flags.pruneAggregates !== undefined;
      const pruned = isPruning ? await pruneIn(db, flags) : undefined;
      if (pruned) log('prune', pruned.text, pruned.json);
      return {
        text: `Published ${resolve(flags.out)}: ${describeWindow(window)}; ${describeChecks(checks)}, in ${seconds()} s.`,
        json: {
          ...json,
          published: true,
          page: rendered.json,
          pages: others,
          pruned: pruned?.json ?? null,
          seconds: seconds(),
        },
      };
    });
  } catch (error) {
    if (flags.logFormat === 'json')
      log('failed', error instanceof ZenError ? error.message : String(error), { outcome: 'failed' });
    throw error;
  }
}

interface Examined {
  window: Window;
  checks: Check[];
  failed: Check[];
  /** See `queryLate`. */
  late: Changed[];
  /** Of the page, unless it may not be published. */
  content?: Content;
}

/** Looks whether a page can be published, and reads it: what is published is what was looked at. */
async function examine(session: Session, flags: NightlyFlags): Promise<Examined> {
  const { last, force, locale, minCell, minEvents } = flags;
  const window = await choosePeriod(session, last);
  const checks = await runChecks(session, window, minEvents);
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const late = await queryLate(session);
  if (failed.length > 0 && !force) return { window, checks, failed, late };
  const { readContent } = await import('../../render/render.ts');
  const content = await readContent(session, { ...window, locale, minCell }, Date.now());
  const { compareEvents, describeDifference } = await import('../../render/compare.ts');
  const [differs] = compareEvents(content.payload).map(describeDifference);
  if (differs === undefined) {
    checks.push({ name: 'tables', outcome: 'passed', text: 'Both tables have the same events.' });
    return { window, checks, failed, late, content };
  }
  const text = `The tables are not of the same events. ${differs} Aggregate that day anew.`;
  const tables: Check = { name: 'tables', outcome: 'failed', text };
  return { window, checks: [...checks, tables], failed: [...failed, tables], late };
}

/** The stretch up to the last UTC midnight, but not from before anything was aggregated. */
async function choosePeriod(session: Session, last: number): Promise<Window> {
  const end = lastMidnight(Date.now());
  const covered = await queryCovered(session);
  const first = Math.min(...covered.map(({ start }) => start));
  const start = Math.max(end - last, first);
  return { start: start < end ? start : end - last, end };
}

function refuseToPublish(failed: Check[], { out }: NightlyFlags, json: Record<string, unknown>): Report {
  const told = failed.map(({ text }) => text).join(' ');
  // Nothing is published that `zen verify` would refuse.
  const isFirm = failed.some(({ name }) => name === 'tables');
  const orForce = isFirm ? '' : ', or publish with a warning: --force';
  const isOwn = failed.every(({ name }) => name.startsWith('checks/'));
  const remedy = isOwn ? 'Mend what it finds' : 'Run zen status, which tells what to aggregate anew';
  return {
    text: `Not published; ${resolve(out)} is as it was.`,
    json: { ...json, published: false },
    failure: new ZenError('stale', `${told} ${remedy}${orForce}.`),
  };
}

function describeChecks(checks: Check[]): string {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  const parts = [`${count('passed')} of ${checks.length} checks passed`];
  if (count('warned') > 0) parts.push(`${count('warned')} warned`);
  if (count('failed') > 0) parts.push(`${count('failed')} failed`);
  return parts.join(', ');
}
