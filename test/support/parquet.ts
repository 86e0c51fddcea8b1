import { parquetWriteBuffer } from 'hyparquet-writer';

/**
 * A log in Parquet, all of it in one group. Event and user are the number of the row, and `ts` goes up by a millisecond a row.
 *
 * @param textOf gives other values than those
 */
export function longParquet(
  names: readonly string[],
  count: number,
  textOf: (name: string, row: number) => string | undefined = () => undefined,
): Buffer {
  const numbers = new Set(['event_id', 'user_id', 'item_id', 'source_id', 'ts']);
  const columnData = names.map((name) => {
    const valueOf = (_: unknown, row: number) =>
      numbers.has(name)
        ? BigInt(row) + (name === 'ts' ? 1_569_348_000_000n : 0n)
        : (textOf(name, row) ?? 'show');
    const type = numbers.has(name) ? ('INT64' as const) : ('STRING' as const);
    return { name, type, data: Array.from({ length: count }, valueOf) };
  });
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: count, pageSize: 1 << 18 }));
}
