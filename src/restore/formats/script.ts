import { ZenError } from '../../errors.ts';
import { fullName, inherited } from './backup.ts';
import type { BackupTable, QualifiedName } from './backup.ts';
import { Catalogue } from './catalogue.ts';
import { describeEncoding, makeRecoder } from '../encoding.ts';
import { addsKey, mayChange, namesTable } from '../sql/changes.ts';
import { TextFile } from './file.ts';
import type { TextOptions } from './file.ts';
import { reorder } from '../copy/reorder.ts';
import { readAttachment, readCopy, readDefinition, readInsert } from '../sql/statement.ts';
import { Scanner } from '../sql/scanner.ts';
import { TableSelection } from '../selection.ts';
import { toUtf8, excerpt } from '../copy/text.ts';
import { readValues } from '../sql/values.ts';

/** Rows that a script holds at the place it has been read to: COPY data, or the COPY text of an INSERT statement. */
interface ScriptRows {
  table: BackupTable;
  /** The wanted table, if that is the one, or a part of it. */
  owner: QualifiedName | undefined;
  /** Undefined for COPY data. */
  read?: () => string;
}

/** The start of an INSERT statement, up to its values: those of one table start alike. */
interface InsertHead {
  text: string;
  table: BackupTable;
  owner: QualifiedName | undefined;
  /** True when its values follow. */
  hasValues: boolean;
}

const pieceBytes = 1 << 16;
const setting =
  /^set\s+(?:session\s+)?(?:(client_encoding|search_path|standard_conforming_strings)\s*(?:=|to\s)|(names)\s)\s*(.*)$/is;

/** A dump in SQL (`pg_dump -Fp`), with COPY data or INSERT statements. Nothing of it is executed. */
export class Script extends TextFile {
  readonly #scanner: Scanner;
  readonly #catalogue = new Catalogue();
  /** Those that have data. */
  readonly #tables = new Map<string, BackupTable>();
  /** Those whose rows were left out. */
  readonly #passed = new Map<string, QualifiedName>();
  /** Those that have been given a key or an index after their rows. */
  readonly #finished = new Set<string>();
  #schema = 'public';
  #escapes = false;
  #encoding = 'UTF8';
  readonly #isDecoded: boolean;
  #head: InsertHead | undefined;
  #selection: TableSelection;
  #found: ScriptRows | undefined;
  #dump = 0;
  /** Known until a table is added. */
  #family: QualifiedName[] | undefined;

  /** @param bytes of the script, not compressed any more */
  constructor(
    path: string,
    size: number,
    bytes: AsyncIterable<Buffer>,
    position: () => number,
    close: () => Promise<void>,
    { isDecoded = false }: TextOptions = {},
  ) {
    super(path, size, position, close);
    this.#isDecoded = isDecoded;
    this.#scanner = new Scanner(path, bytes);
    this.#selection = new TableSelection([], this.#catalogue, path);
  }

  async find(...names: string[]): Promise<BackupTable> {
    this.#selection = new TableSelection(names, this.#catalogue, this.path);
    for (let rows = await this.#next(); rows; rows = await this.#next()) {
      if (rows.owner) {
        this.#requireColumns(rows.table);
        this.#found = rows;
        this.#dump = this.#scanner.dumps;
        return this.#whole(rows.table, rows.owner);
      }
      await this.#pass(rows);
    }
    const [empty] = this.#selection.requireOwners(this.#catalogue.tables);
    if (!empty) this.#selection.check([...this.#tables.values()]);
    if (!empty) throw new Error('A checked selection has a table.');
    const types = this.#catalogue.types(empty);
    return { ...empty, columns: [...types.keys()], types };
  }

  async *rows(table: BackupTable): AsyncGenerator<Buffer> {
    let text = '';
    let last = table;
    let arrange = (piece: Buffer): Buffer => piece;
    for (let rows = this.#found; rows; rows = await this.#next()) {
      if (!rows.owner) {
        await this.#pass(rows);
        continue;
      }
      this.#requireOrder(rows.table);
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
    if (this.#found) this.#selection.check([...this.#tables.values()]);
  }

  async #pass(rows: ScriptRows): Promise<void> {
    this.#passed.set(fullName(rows.table), rows.table);
    if (rows.read) return;
    const data = this.#scanner.data(fullName(rows.table), false);
    while (!(await data.next()).done);
  }

  /** Reads on to the next rows, of any table. */
  async #next(): Promise<ScriptRows | undefined> {
    for (let sql = await this.#scanner.next(); sql !== undefined; sql = await this.#scanner.next()) {
      const rows = this.#read(sql);
      if (rows) return rows;
    }
    return undefined;
  }

  #read(sql: string): ScriptRows | undefined {
    const verb = /^[a-z]*/i.exec(sql)?.[0].toLowerCase() ?? '';
    if (this.#found && verb !== 'insert' && verb !== 'copy') this.#requireNoChange(sql);
    switch (verb) {
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

  #readCopy(sql: string): BackupTable {
    const copy = readCopy(toUtf8(sql));
    if (copy) return this.#table(copy);
    this.#refuse(`${excerpt(sql)} is not COPY … FROM stdin without options. Make the dump with pg_dump`);
  }

  /** The rows are not read before they are asked for: those of other tables may be anything. */
  #readInsert(sql: string): ScriptRows | undefined {
    const known = this.#head?.hasValues && sql.startsWith(this.#head.text) ? this.#head : undefined;
    const { text, table, owner } = (this.#head = known ?? this.#readHead(sql));
    const read = (): string => {
      const where = `${this.path}, line ${this.#scanner.line}: an INSERT into ${fullName(table)}`;
      return readValues(sql, text.length, { columns: table.columns, escapes: this.#escapes, where });
    };
    return { table, owner, read };
  }

  #readHead(sql: string): InsertHead {
    const insert = readInsert(sql);
    if (!insert) this.#refuse(`${excerpt(sql)} cannot be read. Make the dump with pg_dump`);
    const { schema, name, columns, hasValues, start } = insert;
    const table = { schema: toUtf8(schema), name: toUtf8(name), columns: columns.map(toUtf8) };
    if (this.#found && !hasValues) this.#requireNoChange(sql);
    return { text: sql.slice(0, start), ...this.#own(this.#table(table)), hasValues };
  }

  /** Returns the table that a statement names, with its schema, its columns and their types. */
  #table({ schema, name, columns }: Pick<BackupTable, 'schema' | 'name' | 'columns'>): BackupTable {
    const named = this.#qualify({ schema, name });
    const types = this.#catalogue.types(named);
    const table = { ...named, columns: columns.length > 0 ? columns : this.#catalogue.columns(named), types };
    if (!this.#tables.has(fullName(named))) {
      this.#tables.set(fullName(named), table);
      this.#family = undefined;
    }
    return table;
  }

  #own(table: BackupTable): { table: BackupTable; owner: QualifiedName | undefined } {
    return { table, owner: this.#selection.owner(table) };
  }

  /** The table that the rows of a part are of. */
  #whole(part: BackupTable, { schema, name }: QualifiedName): BackupTable {
    const known = this.#catalogue.types({ schema, name });
    const types = known.size > 0 ? known : part.types;
    const isWhole = fullName(part) === fullName({ schema, name });
    return { schema, name, columns: isWhole ? part.columns : inherited(part.columns, known), types };
  }

  #attach(sql: string): void {
    if (!/\s(attach|inherit)\s/i.test(sql)) return;
    const found = readAttachment(toUtf8(sql));
    if (!found) return;
    this.#family = undefined;
    this.#catalogue.attach(this.#qualify(found.part), this.#qualify(found.parent));
    this.#head = undefined;
    const late = [...this.#passed.values()].find((table) => this.#selection.owner(table));
    if (late)
      this.#refuse(
        `${fullName(late)} becomes a part of the log behind its data. Name the tables to take, each with --table`,
      );
  }

  #qualify({ schema, name }: QualifiedName): QualifiedName {
    return { schema: schema || this.#schema, name };
  }

  #define(sql: string): void {
    if (!/^create\s[a-z\s]*table\s/i.test(sql)) return;
    const definition = readDefinition(toUtf8(sql));
    if (!definition) return;
    const table = this.#qualify(definition);
    const isKnown = this.#tables.has(fullName(table)) || this.#catalogue.has(table);
    if (this.#found && isKnown && this.#selection.owner(table)) {
      this.#refuse(
        `a second CREATE TABLE ${fullName(table)}: the file holds several dumps. Restore them one by one`,
      );
    }
    const parents = definition.parents.map((parent) => this.#qualify(parent));
    this.#family = undefined;
    this.#catalogue.define({ ...table, types: definition.types, parents });
    this.#head = undefined;
  }

  /** Follows what decides how names and texts are read. */
  #set(sql: string): void {
    const [, name = '', names = '', written = ''] = setting.exec(sql) ?? [];
    const value = written.replaceAll("'", '').trim();
    this.#head = undefined;
    if (/^search_path$/i.test(name)) {
      const schemas = toUtf8(value)
        .replaceAll('"', '')
        .split(/\s*,\s*/);
      this.#schema = schemas.find((schema) => schema !== '' && schema !== '$user') ?? 'public';
    } else if (/^standard/i.test(name)) {
      this.#escapes = /^off$/i.test(value);
    } else if (name !== '' || names !== '') {
      this.#encode(value);
    }
  }

  #encode(name: string): void {
    if (this.#isDecoded || name.toLowerCase() === this.#encoding.toLowerCase()) return;
    const recode = makeRecoder(name, this.path, false);
    if (this.notes.length > 0)
      this.#refuse(`the encoding changes to ${excerpt(name)}. Restore its parts one by one`);
    this.#encoding = name;
    if (!recode) return;
    this.#scanner.recode(recode);
    this.notes.push(describeEncoding(name));
  }

  /** Rows of one load follow each other; those that are added later may be of another dump, or rows that a key refuses. */
  #requireOrder(table: BackupTable): void {
    if (this.#scanner.dumps !== this.#dump)
      this.#refuse(`rows of ${fullName(table)} in a second dump. Restore the dumps one by one`);
    if (this.#finished.has(fullName(table)))
      this.#refuse(
        `rows of ${fullName(table)} behind its index or key: they were added later. Restore them from a file of their own, with --append`,
      );
  }

  /** Refuses a statement behind the first rows of the log that may change them: it is not run. */
  #requireNoChange(sql: string): void {
    const family = (this.#family ??= this.#gather());
    if (mayChange(sql, family)) {
      this.#refuse(
        `“${excerpt(sql)}” may change rows that stand before it, and Zen runs no statements. Take it out, or load the dump with psql and dump the result`,
      );
    }
    if (!addsKey(sql)) return;
    for (const table of family) if (namesTable(sql, [table])) this.#finished.add(fullName(table));
  }

  /** The tables to take, their parts, and those that they are parts of. */
  #gather(): QualifiedName[] {
    const tables = [...this.#catalogue.tables, ...this.#tables.values()];
    const family = tables
      .filter((table) => this.#selection.owner(table))
      .flatMap((table) => this.#catalogue.lineage(table));
    return [...new Map(family.map((table) => [fullName(table), table])).values()];
  }

  #requireColumns(table: BackupTable): void {
    if (table.columns.length > 0) return;
    this.#refuse(
      `nothing names the columns of ${fullName(table)}. Make the dump with pg_dump --column-inserts`,
    );
  }

  /** Turns rows of a table, or of one of its partitions, into rows of it. */
  #arrange(table: BackupTable, part: BackupTable, owner: QualifiedName): (rows: Buffer) => Buffer {
    this.#selection.requireOwners([table, owner]);
    return (
      reorder(part.columns, table.columns, this.path) ??
      this.#refuse(`${fullName(part)} has other columns than before. Make the dump with pg_dump`)
    );
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path}, line ${this.#scanner.line}: ${why}.`);
  }
}
