import { dirname } from 'node:path';
import { checkDatabase } from '../../aggregate/check.ts';
import { environment, resolveTarget } from '../../config.ts';
import { messageOf, ZenError } from '../../errors.ts';
import type { Check } from '../../errors.ts';
import type { CommonOptions } from '../options.ts';
import { openSafely } from '../run.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

/** The sign of a line. */
const signs = { fine: 'ok  ', note: 'note', fault: 'FAIL' };

/** @param project the path of its zen.json, where there is one */
export async function runCheck(
  flags: CommonOptions,
  project: string | undefined,
  streams?: Streams,
): Promise<void> {
  const { checkCharts } = await import('../../render/check.ts');
  const { checks, columns } = await openAndCheck(
    flags,
    project === undefined ? process.cwd() : dirname(project),
  );
  const all: Check[] = [
    ...(project === undefined ? [] : [{ state: 'fine' as const, text: `${project}: as its schema has it` }]),
    ...checks,
    ...(await checkCharts(columns)),
  ];
  const faults = all.filter(({ state }) => state === 'fault').length;
  const terminal = new Terminal({ quiet: flags.quiet === true }, streams);
  const lines = all.map(({ state, text }) => `${signs[state]}  ${text}`);
  terminal.print(flags.json ? JSON.stringify({ faults, checks: all }) : lines.join('\n'));
  if (faults > 0) throw new ZenError('stale', `${faults === 1 ? 'A check' : `${faults} checks`} failed.`);
}

async function openAndCheck(
  flags: CommonOptions,
  folder: string,
): Promise<{ checks: Check[]; columns: Awaited<ReturnType<typeof checkDatabase>>['columns'] | null }> {
  const target = resolveTarget(flags.database, environment());
  try {
    const db = await openSafely(target, { existing: true, wait: flags.wait ?? 0 });
    try {
      return await checkDatabase(db, folder);
    } finally {
      await db.close();
    }
  } catch (error) {
    return { checks: [{ state: 'fault', text: messageOf(error) }], columns: null };
  }
}
