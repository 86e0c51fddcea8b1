import { ZenError } from '../errors.ts';
import { chooseTable, fullName, isNamed, severalTables } from './backup.ts';
import type { Table, TableName } from './backup.ts';
import { TextFile } from './file.ts';
import { reorder } from './order.ts';
import { Partitions } from './partitions.ts';
import { readAttachment, readCopy, readDefinition, readInsert } from './statement.ts';
import { Scanner } from './scanner.ts';
import { decode, quote } from './text.ts';
import { readValues } from './values.ts';

/** Rows that a script holds at the place it has been read to: COPY data, or the COPY text of an INSERT statement. */
interface Rows {
  table: Table;
  /** The wanted table, if that is the one, or it is a partition of it. */
  owner: TableName | undefined;
  /** Undefined for COPY data. */
  read?: () => string;
}

/** The start of an INSERT statement, up to its values: those of one table start alike. */
interface Head {
  text: string;
  table: Table;
  owner: TableName | undefined;
  /** Whether its values follow. */
  hasValues: boolean;
}

const pieceBytes = 1 << 16;
const setting =
  /^set\s+(?:session\s+)?(client_encoding|search_path|standard_conforming_strings)\s*(?:=|to\s)\s*(.*)$/is;
const encodings = new Set(['utf8', 'utf-8', 'unicode', 'sql_ascii']);

/** A dump in SQL (`pg_dump -Fp`), with COPY data or INSERT statements. Nothing of it is executed. */
export class Script extends TextFile {
  readonly #scanner: Scanner;
  readonly #types = new Map<string, ReadonlyMap<string, string>>();
  readonly #tables = new Map<string, Table>();
  readonly #partitions = new Partitions();
  #schema = 'public';
  #escapes = false;
  #head: Head | undefined;
  #wanted = '';
  #found: Rows | undefined;

  /** @param bytes of the script, not compressed any more */
  constructor(
    path: string,
    size: number,
    bytes: AsyncIterable<Buffer>,
    position: () => number,
    close: () => Promise<void>,
  ) {
    super(path, size, position, close);
    this.#scanner = new Scanner(path, bytes);
  }

  async find(name: string): Promise<Table> {
    this.#wanted = name;
    for (let rows = await this.#next(); rows; rows = await this.#next()) {
      if (rows.owner) {
        this.#checkColumns(rows.table);
        this.#found = rows;
        return this.#whole(rows.table, rows.owner);
      }
      await this.#pass(rows);
    }
    return chooseTable([...this.#tables.values()], name, this.path);
  }

  async *rows(table: Table): AsyncGenerator<Buffer> {
    let text = '';
    let last = table;
    let arrange = (piece: Buffer): Buffer => piece;
    for (let rows = this.#found; rows; rows = await this.#next()) {
      if (!rows.owner) {
        await this.#pass(rows);
        continue;
      }
      if (text !== '' && (!rows.read || rows.table !== last || text.length >= pieceBytes)) {
        yield arrange(Buffer.from(text, 'latin1'));
        text = '';
      }
      if (rows.table !== last) arrange = this.#arrange(table, rows.table, rows.owner);
      last = rows.table;
      text += rows.read?.() ?? '';
      if (!rows.read) for await (const piece of this.#scanner.data(fullName(last))) yield arrange(piece);
    }
    if (text !== '') yield arrange(Buffer.from(text, 'latin1'));
  }

  async #pass(rows: Rows): Promise<void> {
    if (rows.read) return;
    const data = this.#scanner.data(fullName(rows.table), false);
    while (!(await data.next()).done);
  }

  /** Reads on to the next rows, of any table. */
  async #next(): Promise<Rows | undefined> {
    for (let sql = await this.#scanner.next(); sql !== undefined; sql = await this.#scanner.next()) {
      const rows = this.#read(sql);
      if (rows) return rows;
    }
    return undefined;
  }

  #read(sql: string): Rows | undefined {
    switch (/^[a-z]*/i.exec(sql)?.[0].toLowerCase()) {
      case 'insert':
        return this.#readInsert(sql);
      case 'copy':
        return this.#own(this.#readCopy(sql));
      case 'alter':
        this.#attach(sql);
        return undefined;
      case 'create':
        this.#define(sql);
        return undefined;
      case 'set':
        this.#set(sql);
        return undefined;
      default:
        return undefined;
    }
  }

  #readCopy(sql: string): Table {
    const copy = readCopy(decode(sql));
    if (copy) return this.#table(copy);
    this.#refuse(`${quote(sql)} is not COPY … FROM stdin without options. Make the dump with pg_dump`);
  }

  /** The rows are not read before they are asked for: those of other tables may be anything. */
  #readInsert(sql: string): Rows | undefined {
    const known = this.#head?.hasValues && sql.startsWith(this.#head.text) ? this.#head : undefined;
    const { text, table, owner } = (this.#head = known ?? this.#readHead(sql));
    const read = (): string => {
      const where = `${this.path}, line ${this.#scanner.line}: an INSERT into ${fullName(table)}`;
      return readValues(sql, text.length, { columns: table.columns, escapes: this.#escapes, where });
    };
    return { table, owner, read };
  }

  #readHead(sql: string): Head {
    const insert = readInsert(sql);
    if (!insert) this.#refuse(`${quote(sql)} cannot be read. Make the dump with pg_dump`);
    const { schema, name, columns, hasValues, start } = insert;
    const table = { schema: decode(schema), name: decode(name), columns: columns.map(decode) };
    return { text: sql.slice(0, start), ...this.#own(this.#table(table)), hasValues };
  }

  /** What a statement names, with its schema, its columns and their types. */
  #table({ schema, name, columns }: Pick<Table, 'schema' | 'name' | 'columns'>): Table {
    const named = this.#qualify({ schema, name });
    const types = this.#types.get(fullName(named)) ?? new Map<string, string>();
    const table = { ...named, columns: columns.length > 0 ? columns : [...types.keys()], types };
    if (!this.#tables.has(fullName(named))) this.#tables.set(fullName(named), table);
    return table;
  }

  #own(table: Table): { table: Table; owner: TableName | undefined } {
    return { table, owner: this.#partitions.lineage(table).find((each) => isNamed(each, this.#wanted)) };
  }

  /** The table that a partition's rows are of. */
  #whole(part: Table, owner: TableName): Table {
    const { schema, name } = owner;
    const table = { ...part, schema, name, types: this.#types.get(fullName(owner)) ?? part.types };
    this.#tables.set(fullName(owner), table);
    return table;
  }

  #attach(sql: string): void {
    if (!/\sattach\s/i.test(sql)) return;
    const found = readAttachment(decode(sql));
    if (found) this.#partitions.add(this.#qualify(found.partition), this.#qualify(found.parent));
    this.#head = undefined;
  }

  #qualify({ schema, name }: TableName): TableName {
    return { schema: schema || this.#schema, name };
  }

  #define(sql: string): void {
    if (!/^create\s[a-z\s]*table\s/i.test(sql)) return;
    const definition = readDefinition(decode(sql));
    if (!definition) return;
    const table = this.#qualify(definition);
    if (isNamed(table, this.#wanted) && this.#tables.has(fullName(table))) {
      this.#refuse(
        `a second CREATE TABLE ${fullName(table)}: the file holds several dumps. Restore them one by one`,
      );
    }
    this.#types.set(fullName(table), definition.types);
    if (definition.parent) this.#partitions.add(table, this.#qualify(definition.parent));
    this.#head = undefined;
  }

  /** Follows what decides how names and texts are read. */
  #set(sql: string): void {
    const [, name = '', written = ''] = setting.exec(sql) ?? [];
    const value = written.replaceAll("'", '').trim();
    this.#head = undefined;
    if (/^search_path$/i.test(name)) {
      const schemas = decode(value)
        .replaceAll('"', '')
        .split(/\s*,\s*/);
      this.#schema = schemas.find((schema) => schema !== '' && schema !== '$user') ?? 'public';
    } else if (/^standard/i.test(name)) {
      this.#escapes = /^off$/i.test(value);
    } else if (name !== '' && !encodings.has(value.toLowerCase())) {
      this.#refuse(`the dump is encoded in ${quote(value)}. Make it with pg_dump --encoding=UTF8`);
    }
  }

  #checkColumns(table: Table): void {
    if (table.columns.length > 0) return;
    this.#refuse(
      `nothing names the columns of ${fullName(table)}. Make the dump with pg_dump --column-inserts`,
    );
  }

  /** Turns rows of a table, or of one of its partitions, into rows of it. */
  #arrange(table: Table, part: Table, owner: TableName): (rows: Buffer) => Buffer {
    if (fullName(table) !== fullName(owner)) throw severalTables([table, owner], this.#wanted, this.path);
    return (
      reorder(part.columns, table.columns, this.path) ??
      this.#refuse(`${fullName(part)} has other columns than before. Make the dump with pg_dump`)
    );
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path}, line ${this.#scanner.line}: ${why}.`);
  }
}
