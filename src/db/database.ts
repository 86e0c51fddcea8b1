export type Value = string | number | boolean | null;

/** The questions that a stage may ask of a database. Values are always bound (`$1`), never written into the text. */
export interface Session {
  /** Runs one statement and gives its rows; int8 comes as a number. */
  query<Row>(text: string, values?: readonly Value[]): Promise<Row[]>;
  /** Runs one statement and gives the number of rows it changed. */
  run(text: string, values?: readonly Value[]): Promise<number>;
  /** The columns that a query gives, without its rows. */
  describe(text: string, values?: readonly Value[]): Promise<ResultColumn[]>;
  /**
   * Loads rows in PostgreSQL's COPY text format and gives their number. `source` yields bytes, cut anywhere; it
   * may use a piece's memory again when the next one is asked for. `columns` are the table's own names, in the order of the data.
   */
  copy(
    table: string,
    columns: readonly string[],
    source: AsyncIterable<Uint8Array>,
    options?: CopyOptions,
  ): Promise<number>;
}

/** A column of a query, with the number of its type (in `pg_type`). */
export interface ResultColumn {
  name: string;
  type: number;
}

export interface CopyOptions {
  /** The source yields whole rows of the COPY binary format, without its header and trailer. */
  binary?: boolean;
  /** The number of rows before them, for an error that names one. */
  after?: number;
}

/** The bytes before and after rows in the COPY binary format (PostgreSQL's documentation of COPY, "Binary Format"). */
export const copyFrame = {
  header: Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'),
  trailer: Buffer.from([0xff, 0xff]),
};

/** The options on opening a database. */
export interface OpenOptions {
  /** Make a database that the server does not have. */
  create?: boolean;
  /** Refuse a folder that holds no database yet, instead of making one there. */
  existing?: boolean;
  /** Milliseconds to wait for another process to close the embedded database. */
  wait?: number;
}

export interface TransactionOptions {
  /** Undo it at the end even when it went well. */
  rollback?: boolean;
  /**
   * Reads one state of the database (REPEATABLE READ), that of its first statement; without it, each statement reads its own (READ
   * COMMITTED). What another transaction has changed since then cannot be changed: that fails, with SQLSTATE 40001.
   */
  snapshot?: 'read only' | 'read write';
  /** Reads that state over a second connection, too, when two questions meet and the server has one. */
  beside?: boolean;
}

/** A PostgreSQL database: a server, or the embedded one in a folder. The SQL is the same for both. */
export interface Database extends Session {
  readonly kind: 'server' | 'embedded';
  /** Its name for a person: a URL without its password, or the folder. */
  readonly label: string;
  /** Runs `work` in one transaction: all of it happens, or nothing. */
  transaction<T>(work: (session: Session) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs `work` on one connection, which nothing else uses meanwhile (the embedded database has only one, for all). */
  reserve<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Cancels what is running. From here on, every query fails as `interrupted`. */
  interrupt(): void;
  /** @throws ZenError `interrupted` when that was done: for work that asks the database nothing */
  demand(): void;
  close(): Promise<void>;
  /** Takes the database away again, when opening made it and it is closed. */
  undo?: (() => Promise<void>) | undefined;
}

/**
 * Answers a question that was asked before from memory. Only for a session of one state of the database that changes nothing in it
 * (`snapshot`), and for few rows.
 */
export function askOnce(session: Session): Session {
  const answers = new Map<string, Promise<unknown[]>>();
  return {
    run: (...args) => session.run(...args),
    describe: (...args) => session.describe(...args),
    copy: (...args) => session.copy(...args),
    query: async <Row>(text: string, values: readonly Value[] = []) => {
      const question = JSON.stringify([text, values]);
      const answer = answers.get(question) ?? session.query<Row>(text, values);
      answers.set(question, answer);
      return [...(await answer)] as Row[];
    },
  };
}

/** `copy table (a, b) from source`, with each name quoted as an identifier. */
export function copyStatement(
  table: string,
  columns: readonly string[],
  source: string,
  binary = false,
): string {
  const statement = `copy ${quoteName(table)} (${columns.map(quoteName).join(', ')}) from ${source}`;
  return binary ? `${statement} with (format binary)` : statement;
}

/** A text as a literal of SQL, whatever is in it. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an identifier, whatever is in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
