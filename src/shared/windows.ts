/** A half-open span of time: it includes `start` but not `end`. Unix milliseconds. */
export interface Window {
  start: number;
  end: number;
}

/** Merges windows that meet or overlap; returns the fewest that cover the same time, in order. */
export function merge(windows: readonly Window[]): Window[] {
  const merged: Window[] = [];
  for (const { start, end } of [...windows].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** Subtracts merged windows from a window. */
export function subtract({ start, end }: Window, others: readonly Window[]): Window[] {
  const left: Window[] = [];
  let from = start;
  for (const other of others) {
    if (other.end <= from || other.start >= end) continue;
    if (other.start > from) left.push({ start: from, end: other.start });
    from = Math.max(from, other.end);
  }
  return from < end ? [...left, { start: from, end }] : left;
}

/** Adds up the lengths of windows, in milliseconds. */
export function sumLengths(windows: readonly Window[]): number {
  return windows.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Returns the part that two windows share; undefined when there is none. */
export function intersect(one: Window, other: Window): Window | undefined {
  const [start, end] = [Math.max(one.start, other.start), Math.min(one.end, other.end)];
  return start < end ? { start, end } : undefined;
}

/** Returns the parts of stretches that lie within a window. */
export function clip<Stretch extends Window>(stretches: readonly Stretch[], window: Window): Stretch[] {
  return stretches.flatMap((stretch) => {
    const shared = intersect(stretch, window);
    return shared ? [{ ...stretch, ...shared }] : [];
  });
}
