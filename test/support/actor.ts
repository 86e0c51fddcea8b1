import type { Database } from '../../src/db/database.ts';
import { stepwise } from './steps.ts';
import { until } from './until.ts';

/** A command that sends its statements when a test lets it. */
export class Actor {
  /** Its statements so far, the ends of transactions too; the last one may not have been sent. */
  readonly texts: string[] = [];
  outcome: PromiseSettledResult<unknown> | undefined;
  readonly #held: (() => void)[] = [];
  /** Statements that it may send without being let. */
  #free = 0;

  /** @param onStatement done before each statement, which has that place */
  constructor(
    db: Database,
    work: (on: Database) => Promise<unknown>,
    onStatement: (place: number) => Promise<void>,
    onEnd: () => void,
  ) {
    const on = stepwise(db, async (text) => {
      await onStatement(this.texts.push(text) - 1);
      if (this.#free > 0) this.#free--;
      else await new Promise<void>((resolve) => this.#held.push(resolve));
    });
    void Promise.allSettled([work(on)]).then(([outcome]) => {
      this.outcome = outcome;
      onEnd();
    });
  }

  get isHeld(): boolean {
    return this.#held.length > 0;
  }

  get isOver(): boolean {
    return this.outcome !== undefined;
  }

  /** Lets it send so many statements. */
  release(statements: number): void {
    const held = this.#held.splice(0, statements);
    this.#free += statements - held.length;
    for (const go of held) go();
  }
}

/** Waits until each of them is over, or holds a statement, or those that do neither wait for a lock of another's. */
export async function settle(observer: Database, actors: readonly Actor[]): Promise<void> {
  await until(async () => {
    const sessions = await observer.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return actors.filter(({ isHeld, isOver }) => !isHeld && !isOver).length <= sessions.length;
  });
}
