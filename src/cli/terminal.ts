import { createInterface } from 'node:readline/promises';
import ora from 'ora';
import type { Ora } from 'ora';

/** Milliseconds. */
const lineEvery = 5000;

/** Where the command line talks: the result to stdout, everything else to stderr. */
export class Terminal {
  readonly #quiet: boolean;
  readonly #spinner: Ora | undefined;

  constructor({ quiet = false } = {}) {
    this.#quiet = quiet;
    // A terminal that gives its width as 0, as some recorders do, would keep ora counting lines for ever.
    const { isTTY, columns } = process.stderr;
    this.#spinner =
      !quiet && isTTY && columns > 0 ? ora({ stream: process.stderr, discardStdin: false }) : undefined;
  }

  /** The result, for people or (`--json`) for programs. */
  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** A line on what is being done. */
  note(text: string): void {
    if (this.#quiet) return;
    process.stderr.write(`${text}\n`);
  }

  /**
   * Shows `text` while `work` runs; `work` may change it. On a terminal the text changes in its place, elsewhere there is
   * a line at the start, and then one every few seconds.
   */
  async during<T>(text: string, work: (update: (text: string) => void) => Promise<T>): Promise<T> {
    if (!this.#spinner) this.note(text);
    this.#spinner?.start(text);
    let told = performance.now();
    try {
      return await work((next) => {
        if (this.#spinner) this.#spinner.text = next;
        else if (performance.now() - told > lineEvery) {
          this.note(next);
          told = performance.now();
        }
      });
    } finally {
      this.#spinner?.stop();
    }
  }

  /** Whether a person is there to answer. */
  get interactive(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY;
  }

  /** Asks a question that only `y` or `yes` affirms. */
  async confirm(question: string): Promise<boolean> {
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
    } finally {
      prompt.close();
    }
  }
}
