import { isoTime } from '../time.ts';
import type { Window } from '../time.ts';
import type { Covered } from './ledger.ts';
import { clip } from './windows.ts';

/** The command that aggregates a window anew, for each rule that it was aggregated with; for a gap, with the rule before it. */
export function remedy(window: Window, coverage: readonly Covered[], more = ''): string {
  const parts = clip(coverage, window);
  const before = coverage.findLast(({ start }) => start < window.start)?.minute ?? 'floor';
  const commands = (parts.length > 0 ? parts : [{ ...window, minute: before }]).map(
    ({ start, end, minute }) =>
      `zen aggregate --start-dt ${isoTime(start)} --end-dt ${isoTime(end)}` +
      `${minute === 'floor' ? '' : ` --minute ${minute}`}${more}`,
  );
  return `Run ${commands.join(', then ')}`;
}
