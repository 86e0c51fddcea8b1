import { messageOf, shorten, ZenError } from '../errors.ts';

/**
 * What a database says against a statement, and in which row of a COPY. PostgreSQL quotes values at any length, and
 * numbers the rows of each COPY as lines.
 *
 * @param who the database, for a person
 * @param rows how many were loaded before the COPY that failed
 */
export function refusal(error: unknown, who: string, rows = 0): ZenError {
  const { where = '' } = error as { where?: string };
  const place = where.replace(
    /^COPY (.+?), line (\d+)/,
    (_, table: string, line: string) => `row ${rows + Number(line)} of ${table}`,
  );
  const said = `${who} refused: ${shorten(messageOf(error), 150)}${place && ` (${shorten(place, 300)})`}.`;
  return new ZenError('failed', said, { cause: error });
}
