import type { Database, Session } from '../../src/db/database.ts';

/**
 * A database that tells each statement before it is sent, the ends of transactions too, one after the other, and waits: so that
 * a test chooses what others do in between, or fails there.
 */
export function stepwise(db: Database, tell: (text: string) => Promise<void>): Database {
  let told = Promise.resolve();
  const before = (text: string): Promise<void> => {
    const telling = told.then(() => tell(text));
    told = telling.catch(() => undefined);
    return telling;
  };
  const wrap = <Wrapped extends Session>(session: Wrapped): Wrapped => ({
    ...session,
    query: async <Row>(...args: Parameters<Session['query']>) => {
      await before(args[0]);
      return session.query<Row>(...args);
    },
    run: async (...args) => {
      await before(args[0]);
      return session.run(...args);
    },
    describe: async (...args) => {
      await before(args[0]);
      return session.describe(...args);
    },
    copy: async (...args) => {
      await before(`copy ${args[0]}`);
      return session.copy(...args);
    },
  });
  return {
    ...wrap(db),
    transaction: async (work, options) => {
      await before('begin');
      return db.transaction(async (session) => {
        const result = await work(wrap(session));
        await before('commit');
        return result;
      }, options);
    },
    reserve: (work) => db.reserve((session) => work(wrap(session))),
  };
}
