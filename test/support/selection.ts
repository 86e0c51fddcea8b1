import type { Page } from 'playwright-core';
import type { Database } from '../../src/db/database.ts';

/** A state of the page's filters, as its controls hold it; null is no filter. */
export interface Selection {
  period: [start: number, end: number] | null;
  topics: string[] | null;
  ages: string[] | null;
}

export const everything: Selection = { period: null, topics: null, ages: null };

type Row = Record<string, string | number>;
export interface Drawn {
  history: Row[];
  sources: Row[];
  funnel: Row[];
}

/** The rows that the charts must draw for a selection, by SQL from the aggregates; in no particular order. */
export async function selectDrawn(db: Database, { period, topics, ages }: Selection): Promise<Drawn> {
  const where = [
    period
      ? `extract(epoch from dt) * 1000 >= ${period[0]} and extract(epoch from dt) * 1000 < ${period[1]}`
      : 'true',
    topics ? `item_topic in (${topics.map(quote).join(', ')})` : 'true',
    ages ? `age_segment in (${ages.map(quote).join(', ')})` : 'true',
  ].join(' and ');
  const history = await db.query<Row>(
    `select (extract(epoch from dt) * 1000)::bigint as dt, item_topic, sum(visits)::bigint as visits
     from dash_visits where ${where} group by 1, 2`,
  );
  const sources = await db.query<Row>(
    `select source_topic, sum(visits)::bigint as visits, sum(visits)::float8 / sum(sum(visits)) over ()::float8 as share
     from dash_visits where ${where} group by 1`,
  );
  const funnel = await db.query<Row>(
    `select event, sum(unique_users)::bigint as users,
       sum(unique_users)::float8 / max(case when event = 'show' then sum(unique_users) end) over ()::float8 as share
     from dash_engagement where ${where} group by 1`,
  );
  return { history: [...history], sources: [...sources], funnel: [...funnel] };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows in one order, their shares to nine digits. */
export function inOrder({ history, sources, funnel }: Drawn): Drawn {
  const tidy = (rows: Row[]) =>
    rows
      .map((row) => ('share' in row ? { ...row, share: Number(Number(row.share).toFixed(9)) } : row))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  return { history: tidy(history), sources: tidy(sources), funnel: tidy(funnel) };
}

/** Reads what the charts draw, once they have taken in all that was chosen. */
export async function readDrawn(page: Page): Promise<Drawn> {
  return page.evaluate(async () => {
    const panel = async (id: string) => {
      const element = document.querySelector(id) as unknown as {
        data: never[];
        view: { runAsync(): Promise<unknown> };
      };
      await element.view.runAsync();
      return element.data;
    };
    return {
      history: await panel('#history'),
      sources: await panel('#sources'),
      funnel: await panel('#funnel'),
    };
  });
}
