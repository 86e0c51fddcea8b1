import type { Progress } from '../restore/restore.ts';

export function count(number: number): string {
  return number.toLocaleString('en-US');
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

const bar = 20;

/** How far a restore has come after so many seconds: a bar, the share of the bytes, the speed, the seconds left. */
export function describeProgress({ bytes, size, rows }: Progress, seconds: number): string {
  const done = size > 0 ? Math.min(1, bytes / size) : 0;
  const full = Math.floor(done * bar);
  const speed = seconds > 0 ? `, ${count(Math.round(rows / seconds))} rows/s` : '';
  const left = done > 0 && seconds > 0 ? `, ${Math.ceil((seconds * (1 - done)) / done)} s left` : '';
  return `${'█'.repeat(full)}${'░'.repeat(bar - full)} ${Math.floor(done * 100)} % of ${megabytes(size)}${speed}${left}`;
}
