import { createInterface } from 'node:readline/promises';
import type { Ora } from 'ora';
import { environment } from '../config.ts';
import { ZenError } from '../errors.ts';

/** Milliseconds. */
const lineEvery = 5000;

/** The streams of a process. */
export type Streams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;

/** The output of the command line: the result to stdout, everything else to stderr. */
export class Terminal {
  readonly #quiet: boolean;
  readonly #input: boolean;
  readonly #tell: ((text: string) => void) | undefined;
  readonly #streams: Streams;

  /**
   * @param input false: nobody is asked
   * @param tell takes the notes, instead of stderr
   */
  constructor(
    {
      quiet = false,
      input = true,
      tell,
    }: {
      quiet?: boolean;
      input?: boolean | undefined;
      tell?: ((text: string) => void) | undefined;
    } = {},
    streams: Streams = process,
  ) {
    this.#quiet = quiet;
    this.#input = input;
    this.#streams = streams;
    this.#tell = tell;
  }

  /** The result, for people or (`--json`) for programs. */
  print(text: string): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** A page as the result, byte for byte, and what people are told of it. */
  pass(page: string | Buffer, text: string): void {
    this.#streams.stdout.write(page);
    this.#write(text);
  }

  /** Prints a note beside the result. */
  note(text: string): void {
    if (this.#tell) this.#tell(text);
    else this.#write(text);
  }

  /** A line on what is being done. */
  #write(text: string): void {
    if (this.#quiet) return;
    this.#streams.stderr.write(`${text}\n`);
  }

  /**
   * Shows `text` while `work` runs; `work` may change it. On a terminal the text changes in its place, elsewhere there is
   * a line at the start, and then one every few seconds, or `now`.
   */
  async during<T>(
    text: string,
    work: (update: (text: string, now?: boolean) => void) => Promise<T>,
  ): Promise<T> {
    const spinner = await this.#spin(text);
    if (!spinner) this.#write(text);
    let told = performance.now();
    try {
      return await work((next, now = false) => {
        if (spinner) spinner.text = next;
        else if (now || performance.now() - told > lineEvery) {
          this.#write(next);
          told = performance.now();
        }
      });
    } finally {
      spinner?.stop();
    }
  }

  /** Ora is loaded for a terminal only: it takes as long as all else of a command's start. Colour: https://no-color.org. */
  async #spin(text: string): Promise<Ora | undefined> {
    const { stderr } = this.#streams;
    // A terminal that gives its width as 0, as some recorders do, would keep ora counting lines for ever.
    if (this.#quiet || !stderr.isTTY || !(stderr.columns > 0)) return undefined;
    const { default: ora } = await import('ora');
    return ora({ stream: stderr, discardStdin: false, color: environment().NO_COLOR ? false : 'cyan' }).start(
      text,
    );
  }

  /** True when a person is there to answer. */
  get interactive(): boolean {
    return this.#input && this.#streams.stdin.isTTY && this.#streams.stderr.isTTY;
  }

  /**
   * Asks a question that only `y` or `yes` affirms.
   *
   * @throws ZenError `interrupted` at Ctrl-C
   */
  async confirm(question: string): Promise<boolean> {
    const { stdin: input, stderr: output } = this.#streams;
    const prompt = createInterface({ input, output });
    const left = new Promise<void>((resolve, reject) => {
      prompt.once('close', resolve);
      prompt.once('SIGINT', () => {
        output.write('\n');
        reject(new ZenError('interrupted', 'Interrupted. Nothing was changed.'));
      });
    });
    try {
      const asked = prompt.question(`${question} [y/N] `).catch(() => undefined); // at Ctrl-D, in some versions of Node
      const answer = await Promise.race([asked, left]);
      if (answer === undefined) output.write('\n');
      return /^y(es)?$/i.test(answer?.trim() ?? '');
    } finally {
      prompt.close();
    }
  }
}
