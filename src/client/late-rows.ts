import { decodingRows, requireRows } from '../shared/data/payload.ts';
import type { Early, Payload } from '../shared/data/payload.ts';
import { known, valueOf } from '../shared/known.ts';
import type { Tables } from '../shared/data/table.ts';
import { inSlices } from './slices.ts';
import { unpack } from './unpack.ts';

/** Tells whether a page's rows stand after its script, to be read once its charts are drawn. */
export function hasLateRows({ tables }: Early): boolean {
  return Object.values(tables).some(({ cells }) => cells === null);
}

/** Reads those rows into the tables, in slices. */
export async function readLateRows(early: Early, tables: Tables): Promise<Payload> {
  if (!hasLateRows(early)) return requireRows(early);
  await parsed();
  const bytes = await unpack(known(document.getElementById('rows')).textContent);
  return inSlices(filling(early, bytes, tables));
}

function* filling(early: Early, bytes: Uint8Array, tables: Tables): Generator<undefined, Payload> {
  const payload = yield* decodingRows(early, bytes);
  for (const [name, { cells }] of Object.entries(payload.tables))
    yield* valueOf(tables.aggregates, name).cube.fill(cells);
  return payload;
}

/** Waits for the document to be complete. */
async function parsed(): Promise<void> {
  if (document.readyState !== 'loading') return;
  await new Promise((resolve) => {
    addEventListener('DOMContentLoaded', resolve, { once: true });
  });
}
