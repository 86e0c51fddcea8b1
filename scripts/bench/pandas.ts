import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Window } from '../../src/time.ts';

/** The original's way with its own libraries, in a Python that stays open from window to window. */
export interface Pandas {
  /** Fills both tables of the database. */
  aggregate(window: Window): Promise<void>;
  close(): void;
}

/** Undefined, and a word on how to get it, where Python or its packages are not installed. The program is `$PYTHON`, or `python3`. */
export async function openPandas(url: string): Promise<Pandas | undefined> {
  const python = process.env.PYTHON ?? 'python3';
  const wanted = ['pandas', 'sqlalchemy', 'psycopg2'];
  const imports = spawn(python, ['-c', `import ${wanted.join(', ')}`], { stdio: 'ignore' });
  const failed = await new Promise((resolve) => imports.once('error', resolve).once('close', resolve));
  if (failed !== 0) {
    console.log(`pandas is left out: ${python} has no ${wanted.join(', ')}; PYTHON=… names another one.`);
    return undefined;
  }
  const script = new URL('original.py', import.meta.url).pathname;
  const address = url.replace('postgres:', 'postgresql:');
  const child = spawn(python, ['-W', 'ignore', script, address], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    aggregate: async ({ start, end }) => {
      child.stdin.write(`${start} ${end}\n`);
      if ((await answers.next()).done) throw new Error(`${python} ended before its window was done.`);
    },
    close: () => child.stdin.end(),
  };
}
