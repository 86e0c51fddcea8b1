import type { Window } from '../../src/time.ts';

/** DuckDB, with the log in memory. */
export interface Duck {
  /** Replaces the log by the rows of a CSV file. */
  load(file: string): Promise<void>;
  /** Makes both tables, in memory too. */
  aggregate(window: Window): Promise<void>;
}

/** The little of `@duckdb/node-api` that is used here: the project does not depend on it. */
interface Api {
  DuckDBInstance: {
    create(path: string): Promise<{ connect(): Promise<{ run(text: string): Promise<unknown> }> }>;
  };
}

/** Undefined, and a word on how to get it, where it is not installed. */
export async function openDuck(): Promise<Duck | undefined> {
  const name = '@duckdb/node-api';
  const api = await import(name).then(
    (module) => module as Api,
    () => undefined,
  );
  if (!api) {
    console.log(`DuckDB is left out: npm install --no-save ${name} brings it.`);
    return undefined;
  }
  const connection = await (await api.DuckDBInstance.create(':memory:')).connect();
  return {
    load: async (file) => {
      await connection.run(`create or replace table log_raw as from read_csv('${file}')`);
    },
    aggregate: async ({ start, end }) => {
      const where = `where ts >= ${start} and ts < ${end}`;
      await connection.run(
        `create or replace table dash_visits as
         select ts // 60000 as minute, item_topic, source_topic, age_segment, count(*) as visits
         from log_raw ${where} group by all`,
      );
      await connection.run(
        `create or replace table dash_engagement as
         select ts // 60000 as minute, item_topic, event, age_segment, count(distinct user_id) as unique_users
         from log_raw ${where} group by all`,
      );
    },
  };
}
