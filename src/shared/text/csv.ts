/**
 * Writes a line of CSV (RFC 4180). Texts are quoted, so that an empty one and a missing one differ; `write` returns
 * numbers, unquoted.
 */
export function writeCsvLine(
  values: readonly (string | number | null)[],
  separator = ',',
  write: (value: number, at: number) => string = String,
): string {
  const cells = values.map((value, at) => {
    if (typeof value === 'string') return `"${value.replaceAll('"', '""')}"`;
    return value === null ? '' : write(value, at);
  });
  return `${cells.join(separator)}\r\n`;
}
