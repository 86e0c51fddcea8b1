import type { Session } from './database.ts';

/** Another connection that reads the same state, and how to end that. */
interface Joined {
  session: Session;
  leave: () => Promise<void>;
}

/** A connection, with the number of questions that it has to answer. */
interface Reader {
  session: Session;
  asked: number;
}

/**
 * Reads one state of the database over two connections: each question goes to the one with fewer to answer. The second is asked
 * for when two questions meet, and nothing waits for it. When a question fails there, the first is asked again, alone from
 * then on.
 *
 * @param join connects the second; it may take long, or fail
 * @param work must only read
 */
export async function readBeside<T>(
  first: Session,
  join: () => Promise<Joined>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const own: Reader = { session: first, asked: 0 };
  let other: Reader | undefined;
  let joining: Promise<void> | undefined;
  let leave = () => Promise.resolve();
  let isDone = false;
  const begin = async () => {
    const joined = await join();
    if (isDone) return joined.leave();
    ({ leave } = joined);
    other = { session: joined.session, asked: 0 };
  };
  const answer = async <Answer>(reader: Reader, question: (session: Session) => Promise<Answer>) => {
    reader.asked++;
    try {
      return await question(reader.session);
    } finally {
      reader.asked--;
    }
  };
  const ask = async <Answer>(question: (session: Session) => Promise<Answer>): Promise<Answer> => {
    if (isDone) throw new Error('This state of the database is not read any more.');
    if (own.asked > 0) joining ??= begin().catch(() => undefined);
    if (!other || other.asked >= own.asked) return answer(own, question);
    try {
      return await answer(other, question);
    } catch {
      other = undefined;
      return answer(own, question);
    }
  };
  try {
    return await work({
      query: (...asked) => ask((session) => session.query(...asked)),
      describe: (...asked) => ask((session) => session.describe(...asked)),
      run: (...asked) => first.run(...asked),
      copy: (...asked) => first.copy(...asked),
    });
  } finally {
    isDone = true;
    await leave();
  }
}
