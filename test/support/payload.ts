import { deflateSync, inflateSync } from 'node:zlib';
import { buildCells } from '../../src/shared/data/cells.ts';
import type { Cells } from '../../src/shared/data/cells.ts';
import { valueOf } from '../../src/shared/known.ts';
import { decode } from '../../src/shared/data/payload.ts';
import type { Parts, Payload } from '../../src/shared/data/payload.ts';

/** Reads what a page holds. */
export function readPayload(html: string): Payload {
  const part = (id: string) =>
    new RegExp(`<script type="text/plain" id="${id}">(.*?)</script>`, 's').exec(html)?.[1] ?? '';
  const inflate = (text: string) => Uint8Array.from(inflateSync(Buffer.from(text, 'base64')));
  const [first, rows] = [part('payload'), part('rows')];
  return decode(rows === '' ? [inflate(first)] : [inflate(first), inflate(rows)]);
}

/** The parts of a payload as a page holds them, and states their hash. */
export function packParts(parts: Parts): string {
  return parts.map((part) => deflateSync(part).toString('base64')).join('.');
}

/** The page with other parts of a payload. */
export function replaceParts(html: string, packed: string): string {
  const [first = '', rows = ''] = packed.split('.');
  return html
    .replace(/(id="payload">)[^<]*/, (_, open: string) => open + first)
    .replace(/(id="rows">)[^<]*/, (_, open: string) => open + rows);
}

/** A table of three dimensions from rows of three names, a minute and a value. */
export function toCells(
  names: string[][],
  rows: [one: string, two: string, three: string, minute: number, value: number][],
): Cells {
  const cells = new Map<string, { codes: number[]; minutes: number[]; values: number[] }>();
  for (const [one, two, three, minute, value] of rows) {
    const codes = [one, two, three].map((name, dimension) => names[dimension]?.indexOf(name) ?? -1);
    const cell = cells.get(codes.join()) ?? { codes, minutes: [], values: [] };
    cells.set(codes.join(), cell);
    cell.minutes.push(minute);
    cell.values.push(value);
  }
  return buildCells(
    names.map(({ length }) => length),
    [...cells.values()],
  );
}

/** The cells of an aggregate of a page. */
export function cellsOf({ tables }: Pick<Payload, 'tables'>, name: string): Cells {
  return valueOf(tables, name).cells;
}

/** The parts that a payload of the two aggregates of the brief is made of. */
export interface Made extends Omit<Payload, 'dimensions' | 'tables' | 'counting'> {
  items: string[];
  ages: string[];
  sources: string[];
  visits: Cells;
  engagement: Cells;
}

/** A payload of the two aggregates of the brief. */
export function makePayload({ items, ages, sources, visits, engagement, ...rest }: Made): Payload {
  return {
    ...rest,
    dimensions: {
      item_topic: items,
      age_segment: ages,
      source_topic: sources,
      event: rest.events.map(({ event }) => event),
    },
    tables: {
      visits: { fields: ['item_topic', 'age_segment', 'source_topic'], measure: 'visits', cells: visits },
      engagement: {
        fields: ['item_topic', 'age_segment', 'event'],
        measure: 'unique_users',
        cells: engagement,
      },
    },
    counting: { events: 'visits', users: 'engagement' },
  };
}
