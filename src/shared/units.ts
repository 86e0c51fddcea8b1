/** Milliseconds. */
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

export const dayMinutes = 1440;

/** A size in megabytes, or in gigabytes from 1,000 MB on. */
export function describeSize(bytes: number): string {
  const megabytes = (bytes / 1e6).toFixed(1);
  return Number(megabytes) < 1000 ? `${megabytes} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
