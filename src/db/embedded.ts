import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { ZenError } from '../errors.ts';
import { copyText } from './database.ts';
import type { Database, OpenOptions, Session, Value } from './database.ts';
import { lockFile } from './lock.ts';
import { refusal } from './refusal.ts';

type Engine = Pick<PGlite, 'query'>;

/**
 * Opens, or creates, the embedded database (PostgreSQL in WebAssembly, in this process) in a folder. It does not guard its
 * folder itself, so a lock file does.
 *
 * @throws ZenError `locked` when another process has it open
 */
export async function openEmbedded(folder: string, { wait = 0 }: OpenOptions = {}): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const release = await lockFile(join(folder, 'zen.lock'), wait);
  const engine = await PGlite.create(folder).catch(async (error: unknown) => {
    await release();
    throw error;
  });
  const state = { interrupted: false };
  const whole = session(engine, state);
  return {
    kind: 'embedded',
    label: folder,
    ...whole,
    transaction: (work, { rollback = false } = {}) =>
      engine.transaction(async (tx) => {
        const result = await work(session(tx, state));
        if (rollback) await tx.rollback();
        return result;
      }),
    reserve: (work) => work(whole),
    interrupt: () => {
      state.interrupted = true;
    },
    close: async () => {
      await engine.close();
      await release();
    },
  };
}

function session(engine: Engine, state: { interrupted: boolean }): Session {
  const ask = async <Row>(text: string, values: readonly Value[] = [], blob?: Blob, rows = 0) => {
    await turn(); // the engine never waits, and so would keep signals from being seen
    if (state.interrupted) throw new ZenError('interrupted', 'Interrupted.');
    try {
      return await engine.query<Row>(text, [...values], blob && { blob });
    } catch (error) {
      throw translate(error, rows);
    }
  };
  return {
    query: async <Row>(text: string, values?: readonly Value[]) => (await ask<Row>(text, values)).rows,
    run: async (text, values) => (await ask(text, values)).affectedRows ?? 0,
    copy: async (table, columns, source) => {
      let rows = 0;
      for await (const blob of batches(source)) {
        rows += (await ask(copyText(table, columns, "'/dev/blob'"), [], blob, rows)).affectedRows ?? 0;
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

function translate(error: unknown, rows: number): unknown {
  if (typeof (error as { code?: unknown }).code !== 'string') return error;
  return refusal(error, 'The embedded database', rows);
}
