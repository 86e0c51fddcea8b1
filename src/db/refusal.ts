import { messageOf, shorten, ZenError } from '../errors.ts';

/**
 * What a database says against a statement, and in which row of a COPY. PostgreSQL quotes values at any length, and
 * numbers the rows of each COPY as lines, in its own language.
 *
 * @param who the database, for a person
 * @param rows how many were loaded before the COPY that failed
 */
export function refusal(error: unknown, who: string, rows = 0): ZenError {
  const { where = '' } = error as { where?: string };
  const place = where.replace(
    /^COPY (.+?), \D+?(\d+)/,
    (_, table: string, line: string) => `row ${rows + Number(line)} of ${table}`,
  );
  const message = messageOf(error);
  const said = `${who} refused: ${shorten(message, 150)}${place && ` (${shorten(place, 300)})`}.`;
  const isOther = /^column (dash_\w+\.\w+|"\w+" of relation "dash_\w+") does not exist$/.test(message);
  const remedy = isOther ? ' The table is not as this zen makes it: drop it, and aggregate again.' : '';
  return new ZenError('failed', said + remedy, { cause: error });
}
