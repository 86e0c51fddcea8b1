import { ZenError } from '../../errors.ts';
import { fullName, inherited } from './backup.ts';
import type { BackupTable, QualifiedName } from './backup.ts';
import { Catalogue } from './catalogue.ts';
import { describeEncoding, makeRecoder } from '../encoding.ts';
import { addsKey, findAltered, listFilled, mayChange, namesTable } from '../sql/changes.ts';
import { FileBackup } from './file.ts';
import type { Source, TextOptions } from './file.ts';
import { reorder } from '../copy/reorder.ts';
import { readAttachment, readCopy, readDefinition, readInsert, readVerb } from '../sql/statement.ts';
import type { CopyOptions } from '../sql/statement.ts';
import { Scanner } from '../sql/scanner.ts';
import { isLog } from '../columns.ts';
import { readCopyData } from './copy-data.ts';
import { TableSelection } from '../selection.ts';
import { toUtf8, excerpt } from '../copy/text.ts';
import { readValues } from '../sql/values.ts';

/** The state of one database in a script. */
class Scope {
  readonly catalogue = new Catalogue();
  /** The tables that have data. */
  readonly tables = new Map<string, BackupTable>();
  /** The tables whose rows were left out. */
  readonly passed = new Map<string, QualifiedName>();
  /** The tables that got a key or an index after their rows. */
  readonly finished = new Set<string>();
  readonly database: string;
  readonly selection: TableSelection;
  schema = 'public';
  /** Cached until a table is added. */
  family: QualifiedName[] | undefined;

  constructor(database: string, names: readonly string[], path: string) {
    this.database = database;
    this.selection = new TableSelection(names, this.catalogue, path);
  }
}

/** Rows at the current place in a script: COPY data, or the COPY text of an INSERT statement. */
interface ScriptRows {
  table: BackupTable;
  /** The wanted table, if these rows are its own, or a part's. */
  owner: QualifiedName | undefined;
  /** Undefined for COPY data. */
  read?: () => string;
  /** The options of COPY data. */
  options?: CopyOptions;
}

/** The start of an INSERT statement, up to its values; it is the same for all rows of a table. */
interface InsertHead {
  text: string;
  table: BackupTable;
  owner: QualifiedName | undefined;
  /** True when a list of values follows. */
  hasValues: boolean;
}

const pieceBytes = 1 << 16;
const setting =
  /^set\s+(?:session\s+)?(?:(client_encoding|search_path|standard_conforming_strings)\s*(?:=|to\s)|(names)\s)\s*(.*)$/is;

/** A dump in SQL (`pg_dump -Fp`), with COPY data or INSERT statements. None of it is executed. */
export class Script extends FileBackup {
  readonly format = 'plain SQL';
  readonly #scanner: Scanner;
  /** The databases by name. */
  readonly #scopes = new Map<string, Scope>();
  readonly #dbname: string | undefined;
  #names: readonly string[] = [];
  #scope: Scope;
  /** The database that has the log. */
  #home: Scope | undefined;
  #escapes = false;
  #encoding = 'UTF8';
  readonly #isDecoded: boolean;
  #head: InsertHead | undefined;
  #found: ScriptRows | undefined;
  #dump = 0;

  /** @param bytes of the script, decompressed @param bytes of the script, not compressed any more */
  constructor(source: Source, bytes: AsyncIterable<Buffer>, { isDecoded = false, dbname }: TextOptions = {}) {
    super(source);
    this.#isDecoded = isDecoded;
    this.#scanner = new Scanner(source.path, bytes);
    this.#dbname = dbname;
    this.#scope = this.#enter('');
  }

  async find(...names: string[]): Promise<BackupTable> {
    this.#names = names;
    this.#scopes.clear();
    this.#scope = this.#enter('');
    for (let rows = await this.#next(); rows; rows = await this.#next()) {
      if (rows.owner) {
        this.#requireColumns(rows.table);
        this.#found = rows;
        this.#home = this.#scope;
        if (this.#home.database !== '')
          this.notes.push(`The log is that of the database ${this.#home.database}.`);
        this.#dump = this.#scanner.dumps;
        return this.#whole(rows.table, rows.owner);
      }
      await this.#pass(rows);
    }
    for (const { catalogue, selection, tables } of this.#wanted()) {
      if ([...tables.values()].some(({ columns }) => isLog(columns))) break;
      const [empty] = selection.requireOwners(catalogue.tables);
      const types = empty && catalogue.types(empty);
      if (types) return { ...empty, columns: [...types.keys()], types };
    }
    return this.#refuseAll();
  }

  /** The databases that the log may be in. */
  #wanted(): Scope[] {
    return [...this.#scopes.values()].filter(({ database }) => database === (this.#dbname ?? database));
  }

  #refuseAll(): never {
    const wanted = this.#wanted();
    const databases = [...this.#scopes.keys()].filter((name) => name !== '');
    if (wanted.length === 0)
      throw new ZenError(
        'failed',
        `${this.path} holds no database ${this.#dbname ?? ''} (its databases: ${databases.join(', ') || 'it names none'}).`,
      );
    const hasLog = (scope: Scope) => [...scope.tables.values()].some(({ columns }) => isLog(columns));
    const scope = wanted.find(hasLog) ?? wanted.find(({ tables }) => tables.size > 0) ?? wanted[0];
    scope?.selection.check([...scope.tables.values()]);
    throw new Error('A checked selection has a table.');
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
      if (!rows.read) for await (const piece of this.#data(rows)) yield arrange(piece);
    }
    if (text !== '') yield arrange(Buffer.from(text, 'latin1'));
    if (this.#home) this.#home.selection.check([...this.#home.tables.values()]);
  }

  #data({ table, options = new Map() }: ScriptRows): AsyncIterable<Buffer> {
    const where = `${this.path}, line ${this.#scanner.line}`;
    return readCopyData(this.#scanner.data(fullName(table)), options, { columns: table.columns, where });
  }

  async #pass(rows: ScriptRows): Promise<void> {
    this.#scope.passed.set(fullName(rows.table), rows.table);
    if (rows.read) return;
    const data = this.#scanner.data(fullName(rows.table), false);
    while (!(await data.next()).done);
  }

  /** Reads on to the next rows of any table. */
  async #next(): Promise<ScriptRows | undefined> {
    for (let sql = await this.#scanner.next(); sql !== undefined; sql = await this.#scanner.next()) {
      if (this.#scanner.database !== this.#scope.database) this.#scope = this.#enter(this.#scanner.database);
      const rows = this.#read(sql);
      if (rows) return rows;
    }
    return undefined;
  }

  #enter(database: string): Scope {
    const scope = this.#scopes.get(database) ?? new Scope(database, this.#names, this.path);
    this.#scopes.set(database, scope);
    this.#head = undefined;
    return scope;
  }

  /** True after the first rows of the log, while in its database. */
  get #isBehind(): boolean {
    return this.#found !== undefined && this.#scope === this.#home;
  }

  #read(sql: string): ScriptRows | undefined {
    const verb = readVerb(sql);
    if (verb !== 'insert' && verb !== 'copy') {
      if (this.#isBehind) this.#requireNoChange(sql);
      this.#requireNoRows(sql);
    }
    switch (verb) {
      case 'insert':
        return this.#readInsert(sql);
      case 'copy':
        return this.#readCopy(sql);
      case 'alter':
        this.#alter(sql);
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

  #readCopy(sql: string): ScriptRows | undefined {
    const copy = readCopy(toUtf8(sql));
    if (copy) return { ...this.#own(this.#table(copy)), options: copy.options };
    this.#refuse(`${excerpt(sql)} is not COPY … FROM stdin. Make the dump with pg_dump`);
  }

  /** Reads no rows before they are requested, because those of other tables may be anything. */
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
    if (this.#isBehind && !hasValues) this.#requireNoChange(sql);
    return { text: sql.slice(0, start), ...this.#own(this.#table(table)), hasValues };
  }

  /** Returns the table that a statement names, with its schema, its columns and their types. */
  #table({ schema, name, columns }: Pick<BackupTable, 'schema' | 'name' | 'columns'>): BackupTable {
    const named = this.#qualify({ schema, name });
    const types = this.#scope.catalogue.types(named);
    const table = {
      ...named,
      columns: columns.length > 0 ? columns : this.#scope.catalogue.columns(named),
      types,
    };
    if (!this.#scope.tables.has(fullName(named))) {
      this.#scope.tables.set(fullName(named), table);
      this.#scope.family = undefined;
    }
    return table;
  }

  #own(table: BackupTable): { table: BackupTable; owner: QualifiedName | undefined } {
    const isWanted = this.#scope.database === (this.#dbname ?? this.#scope.database);
    const owner = isWanted ? this.#scope.selection.owner(table) : undefined;
    if (owner && this.#home && this.#home !== this.#scope)
      this.#refuse(
        `${fullName(owner)} is in the database ${this.#scope.database}, as well as in ${this.#home.database || 'the first one'}. Choose one with --dbname`,
      );
    return { table, owner };
  }

  /** Returns the table that the rows of a part belong to. */
  #whole(part: BackupTable, { schema, name }: QualifiedName): BackupTable {
    const known = this.#scope.catalogue.types({ schema, name });
    const types = known.size > 0 ? known : part.types;
    const isWhole = fullName(part) === fullName({ schema, name });
    return { schema, name, columns: isWhole ? part.columns : inherited(part.columns, known), types };
  }

  #alter(sql: string): void {
    const altered = findAltered(toUtf8(sql));
    if (altered) {
      this.#scope.catalogue.alter(this.#qualify(altered));
      this.#head = undefined;
    }
    this.#attach(sql);
  }

  #attach(sql: string): void {
    if (!/\s(attach|inherit)\s/i.test(sql)) return;
    const found = readAttachment(toUtf8(sql));
    if (!found) return;
    this.#scope.family = undefined;
    this.#scope.catalogue.attach(this.#qualify(found.part), this.#qualify(found.parent));
    this.#head = undefined;
    const late = [...this.#scope.passed.values()].find((table) => this.#scope.selection.owner(table));
    if (late)
      this.#refuse(
        `${fullName(late)} becomes a part of the log after its data. Name the tables to take, each with --table`,
      );
  }

  #qualify({ schema, name }: QualifiedName): QualifiedName {
    return { schema: schema || this.#scope.schema, name };
  }

  #define(sql: string): void {
    if (!/^create\s[a-z\s]*table\s/i.test(sql)) return;
    const definition = readDefinition(toUtf8(sql));
    if (!definition) return;
    const table = this.#qualify(definition);
    const isKnown = this.#scope.tables.has(fullName(table)) || this.#scope.catalogue.has(table);
    if (this.#isBehind && isKnown && this.#scope.selection.owner(table)) {
      this.#refuse(
        `a second CREATE TABLE ${fullName(table)}: the file holds several dumps. Restore them one by one`,
      );
    }
    const parents = definition.parents.map((parent) => this.#qualify(parent));
    this.#scope.family = undefined;
    this.#scope.catalogue.define({ ...table, types: definition.types, parents });
    this.#head = undefined;
  }

  /** Tracks the settings that decide how names and texts are read. */
  #set(sql: string): void {
    const [, name = '', names = '', written = ''] = setting.exec(sql) ?? [];
    const value = written.replaceAll("'", '').trim();
    this.#head = undefined;
    if (/^search_path$/i.test(name)) {
      const schemas = toUtf8(value)
        .replaceAll('"', '')
        .split(',')
        .map((schema) => schema.trim());
      this.#scope.schema = schemas.find((schema) => schema !== '' && schema !== '$user') ?? 'public';
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

  /** Checks that the rows of a load follow each other. Later ones may come from another dump, or break a key. */
  #requireOrder(table: BackupTable): void {
    if (this.#scanner.dumps !== this.#dump)
      this.#refuse(`rows of ${fullName(table)} in a second dump. Restore the dumps one by one`);
    if (this.#scope.finished.has(fullName(table)))
      this.#refuse(
        `rows of ${fullName(table)} after its index or key: they were added later. Restore them from a file of their own, with --append`,
      );
  }

  /** Refuses a statement that may put rows into the log, because statements are not executed. */
  #requireNoRows(sql: string): void {
    if (this.#scope.database !== (this.#dbname ?? this.#scope.database)) return;
    const filled = listFilled(toUtf8(sql)).map((table) => this.#qualify(table));
    const own = filled.find((table) => this.#scope.selection.owner(table));
    if (own)
      this.#refuse(
        `“${excerpt(sql)}” may put rows into ${fullName(own)}, and Zen runs no statements. Load the script with psql, and dump the result with pg_dump`,
      );
  }

  /** Refuses a statement that follows the log's first rows and may change them, because statements are not executed. */
  #requireNoChange(sql: string): void {
    const family = (this.#scope.family ??= this.#gather());
    if (mayChange(sql, family)) {
      this.#refuse(
        `“${excerpt(sql)}” may change rows before it, and Zen runs no statements. Remove it, or load the dump with psql and dump the result`,
      );
    }
    if (!addsKey(sql)) return;
    for (const table of family) if (namesTable(sql, [table])) this.#scope.finished.add(fullName(table));
  }

  /** Lists the tables to take, their parts, and their parents. */
  #gather(): QualifiedName[] {
    const tables = [...this.#scope.catalogue.tables, ...this.#scope.tables.values()];
    const family = tables
      .filter((table) => this.#scope.selection.owner(table))
      .flatMap((table) => this.#scope.catalogue.lineage(table));
    return [...new Map(family.map((table) => [fullName(table), table])).values()];
  }

  #requireColumns(table: BackupTable): void {
    if (table.columns.length > 0) return;
    this.#refuse(
      `nothing names the columns of ${fullName(table)}. Make the dump with pg_dump --column-inserts`,
    );
  }

  /** Maps rows of a table, or of one of its partitions, to the table's columns. */
  #arrange(table: BackupTable, part: BackupTable, owner: QualifiedName): (rows: Buffer) => Buffer {
    this.#scope.selection.requireOwners([table, owner]);
    return (
      reorder(part.columns, table.columns, this.path) ??
      this.#refuse(`${fullName(part)} has different columns from before. Make the dump with pg_dump`)
    );
  }

  #refuse(why: string): never {
    throw new ZenError('failed', `${this.path}, line ${this.#scanner.line}: ${why}.`);
  }
}
