import { ZenError } from '../../errors.ts';

/**
 * Maps whole rows of COPY text from the columns `from`, which may come in any order and with extras, to the columns
 * `to`. Undefined when one is missing.
 */
export function reorder(
  from: readonly string[],
  to: readonly string[],
  path: string,
): ((rows: Buffer) => Buffer) | undefined {
  const places = to.map((name) => from.indexOf(name));
  if (places.includes(-1)) return undefined;
  if (from.length === to.length && places.every((place, index) => place === index)) return (rows) => rows;
  const arrange = (row: string): string => {
    const fields = row.split('\t');
    if (fields.length === from.length) return `${places.map((place) => fields[place]).join('\t')}\n`;
    const count = `${fields.length} values instead of ${from.length}`;
    throw new ZenError('failed', `${path} has a row of ${count}. Copy it again.`);
  };
  return (rows) => {
    const lines = rows.toString('latin1').split('\n').slice(0, -1);
    return Buffer.from(lines.map(arrange).join(''), 'latin1');
  };
}
