import { messageOf, shorten, ZenError } from '../errors.ts';
import { wideningStatements } from './tables.ts';

/**
 * Tells what a database says against a statement, and in which row of a COPY. PostgreSQL quotes values at any length, and
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
  return new ZenError('failed', said + findRemedy(codeOf(error), message), { cause: error });
}

/** The next step for errors of a server that an owner can fix; SQLSTATEs as in PostgreSQL's appendix A. */
function findRemedy(code: string | undefined, message: string): string {
  if (/^column (dash_\w+\.\w+|"\w+" of relation "dash_\w+") does not exist$/.test(message))
    return ' The table is not as this zen would make it: drop it, and aggregate again.';
  if (code === '22P05' && /"UTF8".+"/.test(message))
    return ' Restore into a database whose encoding is UTF8.';
  const found = code === '2200H' && /"((dash_\w+?)_record_id_seq\d*)"/.exec(message);
  if (found)
    return ` Have its owner run: ${wideningStatements({ name: found[2] ?? '', sequence: found[1] ?? '' })}.`;
  if (code === '22003' && /^(integer|smallint) out of range$/.test(message))
    return ` A number no longer fits its column. Have the owner run: ${[
      ['dash_visits', 'visits'],
      ['dash_engagement', 'unique_users'],
    ]
      .map(
        ([table, count]) =>
          `alter table ${table} alter column record_id type bigint, alter column ${count} type bigint`,
      )
      .join('; ')}.`;
  return '';
}

/** The code of an error: an SQLSTATE, a socket's or the driver's. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Codes of a schema or database that another session has made since one looked for it; PostgreSQL's “if not exists” has them, too. */
export const madeMeanwhile = /^(23505|42P04|42P06)$/;
