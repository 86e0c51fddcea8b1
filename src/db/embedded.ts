import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { messageOf, ZenError } from '../errors.ts';
import { copyText } from './database.ts';
import type { Database, Session, Value } from './database.ts';

type Engine = Pick<PGlite, 'query'>;

/** Opens, or creates, the embedded database (PostgreSQL in WebAssembly, in this process) in a folder. */
export async function openEmbedded(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const engine = await PGlite.create(folder);
  return {
    kind: 'embedded',
    label: folder,
    ...session(engine),
    transaction: (work, { rollback = false } = {}) =>
      engine.transaction(async (tx) => {
        const result = await work(session(tx));
        if (rollback) await tx.rollback();
        return result;
      }),
    close: () => engine.close(),
  };
}

function session(engine: Engine): Session {
  const ask = async <Row>(text: string, values: readonly Value[] = [], blob?: Blob) => {
    try {
      return await engine.query<Row>(text, [...values], blob && { blob });
    } catch (error) {
      throw translate(error);
    }
  };
  return {
    query: async <Row>(text: string, values?: readonly Value[]) => (await ask<Row>(text, values)).rows,
    run: async (text, values) => (await ask(text, values)).affectedRows ?? 0,
    copy: async (table, columns, source) => {
      let rows = 0;
      for await (const blob of batches(source)) {
        rows += (await ask(copyText(table, columns, "'/dev/blob'"), [], blob)).affectedRows ?? 0;
      }
      return rows;
    },
  };
}

/** A blob is whole in memory, so the data goes in pieces of about this many bytes, cut between rows. */
const batchBytes = 8 << 20;

async function* batches(source: AsyncIterable<Uint8Array>): AsyncGenerator<Blob> {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    const end = bytes + chunk.length < batchBytes ? 0 : chunk.lastIndexOf(newline) + 1;
    if (end > 0) {
      yield new Blob([...parts, chunk.slice(0, end)]);
      parts = [];
      bytes = 0;
    }
    parts.push(chunk.slice(end));
    bytes += chunk.length - end;
  }
  if (bytes > 0) yield new Blob(parts);
}

const newline = 10;

function translate(error: unknown): unknown {
  if (typeof (error as { code?: unknown }).code !== 'string') return error;
  const where = (error as { where?: string }).where;
  return new ZenError(
    'failed',
    `The embedded database refused: ${messageOf(error)}${where ? ` (${where})` : ''}.`,
    {
      cause: error,
    },
  );
}
