import { basename, resolve } from 'node:path';
import type { Database } from '../../db/database.ts';
import { ZenError, shorten } from '../../errors.ts';
import type { History } from '../../mail/history.ts';
import { findPlace, writePage } from '../../output.ts';
import type { LocaleName } from '../../render/locale.ts';
import { describeSize } from '../../shared/units.ts';
import type { CommonOptions } from '../options.ts';
import type { Report } from '../run.ts';
import { Terminal } from '../terminal.ts';
import { readPageFile, printReport } from './verify.ts';
import type { ReadOptions } from './verify.ts';

export interface MailFlags extends CommonOptions, ReadOptions {
  from?: string;
  to?: string;
  url?: string;
  out?: string;
  mode?: number;
  /** Megabytes; none for a message without the page. */
  attach?: number;
}

/** Writes a message about a page. Refuses a page that is not what it states. */
export async function runMail(file: string, flags: MailFlags): Promise<void> {
  const { from, to, url } = flags;
  if (from === undefined) throw new ZenError('usage', 'Give the sender: --from <address>.');
  if (to === undefined) throw new ZenError('usage', 'Give the recipients: --to <addresses>.');
  const out = flags.out === '-' ? undefined : flags.out;
  if (flags.json && out === undefined)
    throw new ZenError('usage', 'With --json, name a file for the message: --out <file>.');
  if (out !== undefined && (await isSame(out, file)))
    throw new ZenError('usage', `${out} is the page: name another file for the message.`);
  const html = await readPageFile(file, flags.maxSize);
  const report = async (db?: Database): Promise<Report> => {
    const { language, history } = await readWhole(file, html, flags.maxSize, db);
    const options = { from, to, url, attach: (flags.attach ?? 0) * 1e6, filename: basename(file) };
    const { writeMail } = await import('../../mail/mail.ts'); // no sooner: the data take as much memory as what draws them
    const { subject, source, attached } = await writeMail(html, language, history, options);
    if (url === undefined && flags.attach === undefined)
      new Terminal({ quiet: flags.quiet === true }).note(
        'The message has no way to the page: say where it can be opened (--url), or send it along (--attach).',
      );
    if (out === undefined) return { text: source.toString('latin1').trimEnd(), json: {} };
    await writePage(resolve(out), source, { mode: flags.mode, last: () => db?.demand() });
    const size = `${describeSize(source.length)}, ${attached ? 'with' : 'without'} the page`;
    return {
      text: `Wrote “${shorten(subject, 200)}” to ${resolve(out)} (${size}).`,
      json: { file: resolve(out), subject, bytes: source.length, attached },
    };
  };
  await printReport(flags, report);
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((file) => findPlace(resolve(file)).catch(() => file)));
  return a === b;
}

/** Reads what a message needs from a page, which must be what it states. */
async function readWhole(
  file: string,
  html: Buffer,
  maxSize: number,
  db?: Database,
): Promise<{ language: LocaleName; history: History }> {
  const { roomFor, verify } = await import('../../render/verify.ts');
  const { readLanguage } = await import('../../render/manifest.ts');
  const { readHistory } = await import('../../mail/history.ts');
  const { data, differences } = await verify(html, db, roomFor(maxSize * 1e6));
  if (!data || differences.length > 0)
    throw new ZenError('stale', `${file} is not what it states: see zen verify. Render it again.`);
  const language = readLanguage(html);
  return { language, history: readHistory(data, language) };
}
