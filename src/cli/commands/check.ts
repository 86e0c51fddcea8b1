import { checkDatabase } from '../../aggregate/check.ts';
import { environment, resolveTarget } from '../../config.ts';
import { messageOf, ZenError } from '../../errors.ts';
import type { Check } from '../../errors.ts';
import type { Project } from '../../project/project.ts';
import type { Where } from '../../render/narrow.ts';
import type { CommonOptions } from '../options.ts';
import { openSafely } from '../run.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';

/** The sign of a line. */
const signs = { fine: 'ok  ', note: 'note', fault: 'FAIL' };

/**
 * @param project its folder and zen.json, where there is one
 * @param refused what other commands would refuse of its settings
 */
export async function runCheck(
  flags: CommonOptions,
  project: Project | undefined,
  refused: readonly string[],
  streams?: Streams,
): Promise<void> {
  const { checkCharts } = await import('../../render/check.ts');
  const { checks, columns } = await openAndCheck(flags, project?.folder ?? process.cwd());
  const pages = (project?.value.pages ?? []) as { where?: Where }[];
  const found: Check[] = [
    ...(project ? [{ state: 'fine' as const, text: `${project.file}: as its schema has it` }] : []),
    ...refused.map((text) => ({ state: 'fault' as const, text })),
    ...checks,
    ...(await checkCharts(columns, pages)),
  ];
  // One mistake may be met by many that look: it is told once.
  const all = [...new Map(found.map((check) => [check.text, check])).values()];
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
