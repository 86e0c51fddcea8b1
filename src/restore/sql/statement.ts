import type { QualifiedName } from '../formats/backup.ts';

export interface Definition extends QualifiedName {
  types: Map<string, string>;
  /** The tables that it is a partition of, or inherits from. */
  parents: QualifiedName[];
}

export interface Copy extends QualifiedName {
  columns: string[];
}

/** The options of a COPY statement as written, but in lower case: `format`, `delimiter`, `null`, `header` … */
export type CopyOptions = ReadonlyMap<string, string>;

export interface Insert extends Copy {
  /** True when its rows are a list of VALUES. */
  hasValues: boolean;
  /** The start of that list, or of what stands in its place. */
  start: number;
}

const constraints = new Set(['check', 'constraint', 'foreign', 'like', 'primary', 'unique']);
const afterType = new Set([
  ...['check', 'collate', 'compression', 'constraint', 'default', 'generated', 'not', 'null', 'options'],
  ...['primary', 'references', 'storage', 'unique', ',', ')'],
]);
const afterElement = new Set([',', ')']);

/**
 * Reads the table that a CREATE TABLE statement defines, and the types of its columns as written. Columns from
 * elsewhere (INHERITS, PARTITION OF, AS) are left out. The schema is '' when not written.
 */
export function readDefinition(sql: string): Definition | undefined {
  const cursor = new Tokenizer(sql);
  if (!cursor.accept('create')) return undefined;
  while (cursor.accept('global', 'local', 'temporary', 'temp', 'unlogged', 'foreign'));
  if (!cursor.accept('table')) return undefined;
  if (cursor.accept('if')) while (cursor.accept('not', 'exists'));
  const name = cursor.qualifiedName();
  const parents = cursor.accept('partition') && cursor.accept('of') ? [cursor.qualifiedName()] : [];
  const types = cursor.accept('(') && !cursor.accept(')') ? readTypes(cursor) : new Map<string, string>();
  cursor.accept(')');
  if (cursor.accept('inherits') && cursor.accept('('))
    do parents.push(cursor.qualifiedName());
    while (cursor.accept(','));
  return { ...name, types, parents };
}

function readTypes(cursor: Tokenizer): Map<string, string> {
  const types = new Map<string, string>();
  do {
    if (!isConstraint(cursor)) {
      const name = cursor.name();
      const type = cursor.upTo(afterType).replaceAll(/\s+/g, ' ');
      if (type !== '') types.set(name, type.includes('"') ? type : type.toLowerCase());
    }
    cursor.upTo(afterElement);
  } while (cursor.accept(','));
  return types;
}

/**
 * Reads which table `ALTER TABLE ONLY a ATTACH PARTITION b …`, or `ALTER TABLE b INHERIT a`, makes a part of which;
 * undefined for another statement.
 */
export function readAttachment(sql: string): { part: QualifiedName; parent: QualifiedName } | undefined {
  const cursor = new Tokenizer(sql);
  const table = readAlterTable(cursor);
  if (!table) return undefined;
  if (cursor.accept('inherit')) return { part: table, parent: cursor.qualifiedName() };
  if (!cursor.accept('attach') || !cursor.accept('partition')) return undefined;
  return { part: cursor.qualifiedName(), parent: table };
}

/** The first word of a statement, in lower case. */
export function readVerb(sql: string): string {
  return /^\w*/.exec(sql)?.[0].toLowerCase() ?? '';
}

/** Reads the table that an ALTER TABLE statement names; undefined for another statement. */
export function readAltered(sql: string): QualifiedName | undefined {
  return readAlterTable(new Tokenizer(sql));
}

function readAlterTable(cursor: Tokenizer): QualifiedName | undefined {
  if (!cursor.accept('alter')) return undefined;
  cursor.accept('foreign');
  if (!cursor.accept('table')) return undefined;
  if (cursor.accept('if')) cursor.accept('exists');
  cursor.accept('only');
  return cursor.qualifiedName();
}

/** Tells whether a constraint follows; `exclude` may be a column, too. */
function isConstraint(cursor: Tokenizer): boolean {
  const [first, second] = cursor.peek(2);
  return constraints.has(first ?? '') || (first === 'exclude' && (second === 'using' || second === '('));
}

/**
 * Reads the table, the columns and the options of `COPY s.t (a, "B c") FROM stdin;`. Without a list, there are no
 * columns; the schema is '' when not written.
 *
 * @returns undefined for another statement, and for a COPY statement that does not read stdin
 */
export function readCopy(sql: string): (Copy & { options: CopyOptions }) | undefined {
  const cursor = new Tokenizer(sql);
  if (!cursor.accept('copy')) return undefined;
  const target = readTarget(cursor);
  if (!cursor.accept('from') || !cursor.accept('stdin')) return undefined;
  return { ...target, options: readCopyOptions(cursor) };
}

/** Reads options in parentheses, or in the syntax before PostgreSQL 9.0: `CSV HEADER DELIMITER AS ';'`. */
function readCopyOptions(cursor: Tokenizer): CopyOptions {
  const options = new Map<string, string>();
  cursor.accept('with');
  const isList = cursor.accept('(');
  for (let name = cursor.next(); !/^[;)]?$/.test(name); name = cursor.next()) {
    if (/^(,|using)$/i.test(name)) continue;
    cursor.accept('as');
    const [value = ''] = cursor.peek(1);
    const isValue = isList ? !/^[,)]$/.test(value) : /^(e$|')/.test(value);
    const key = name.toLowerCase().replace(/s$/, ''); // DELIMITERS, before 7.3
    if (!isList && /^(csv|binary)$/.test(key)) options.set('format', key);
    else options.set(key, isValue ? readToken(cursor.next()) : 'true');
    if (isValue && /^e$/i.test(value)) options.set(key, readToken(cursor.next()));
  }
  if (isList && cursor.accept('where')) options.set('where', 'true');
  return options;
}

/** Returns the value of a quoted string, perhaps with escapes, or of a word. */
function readToken(token: string): string {
  const text = /^'(.*)'$/s.exec(token)?.[1]?.replaceAll("''", "'");
  return text === undefined ? token.toLowerCase() : text.replace(/^\\t$/, '\t');
}

/** Reads the table and columns of an INSERT statement, and where its values start; undefined for another statement. */
export function readInsert(sql: string): Insert | undefined {
  const cursor = new Tokenizer(sql);
  if (!cursor.accept('insert') || !cursor.accept('into')) return undefined;
  const target = readTarget(cursor);
  if (cursor.accept('overriding')) while (cursor.accept('system', 'user', 'value'));
  return { ...target, hasValues: cursor.accept('values'), start: cursor.at };
}

function readTarget(cursor: Tokenizer): Copy {
  const target = cursor.qualifiedName();
  if (cursor.accept('as')) cursor.name();
  const columns: string[] = [];
  if (cursor.accept('(') && !cursor.accept(')')) {
    do columns.push(cursor.name());
    while (cursor.accept(','));
    cursor.accept(')');
  }
  return { ...target, columns };
}

const blanks = /[ \t\n\r\f\v]*/y;
const word = /[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*/y;

/** Splits a statement into its tokens, as written, without comments. */
export function readTokens(sql: string): string[] {
  const cursor = new Tokenizer(sql);
  const tokens: string[] = [];
  for (let token = cursor.next(); token !== ''; token = cursor.next()) tokens.push(token);
  return tokens;
}

/** Reads a name as written: quoted, or in letters of any case. */
export function readName(token: string): string {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll('""', '"');
  return token.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Walks through a statement's tokens. Keywords are matched in lower case. */
class Tokenizer {
  at = 0;
  readonly #sql: string;

  constructor(sql: string) {
    this.#sql = sql;
  }

  /** Returns the next tokens without taking them; '' at the end. */
  peek(count: number): string[] {
    const { at } = this;
    const tokens = Array.from({ length: count }, () => this.next().toLowerCase());
    this.at = at;
    return tokens;
  }

  /** Takes the next token if it is one of these. */
  accept(...tokens: string[]): boolean {
    const { at } = this;
    if (tokens.includes(this.next().toLowerCase())) return true;
    this.at = at;
    return false;
  }

  name(): string {
    return readName(this.next());
  }

  qualifiedName(): QualifiedName {
    const name = this.name();
    return this.accept('.') ? { schema: name, name: this.name() } : { schema: '', name };
  }

  /** Takes everything up to the next of `stops` outside parentheses. */
  upTo(stops: ReadonlySet<string>): string {
    this.#skipBlanks();
    const start = this.at;
    let end = start;
    let depth = 0;
    for (let [token = ''] = this.peek(1); token !== ''; [token = ''] = this.peek(1)) {
      if (depth === 0 && stops.has(token)) break;
      if (token === '(' || token === '[') depth++;
      if (token === ')' || token === ']') depth--;
      this.next();
      end = this.at;
    }
    return this.#sql.slice(start, end);
  }

  next(): string {
    this.#skipBlanks();
    const start = this.at;
    const end = skipToken(this.#sql, start);
    word.lastIndex = start;
    if (end !== start) this.at = end < 0 ? this.#sql.length : end;
    else this.at = word.test(this.#sql) ? word.lastIndex : Math.min(start + 1, this.#sql.length);
    return this.#sql.slice(start, this.at);
  }

  #skipBlanks(): void {
    for (let end = this.at; ; this.at = end) {
      blanks.lastIndex = end;
      blanks.test(this.#sql);
      this.at = blanks.lastIndex;
      if (!/[-/]/.test(this.#sql.charAt(this.at))) return;
      end = skipToken(this.#sql, this.at);
      if (end === this.at) return;
      if (end < 0) end = this.#sql.length;
    }
  }
}

/**
 * Finds the end of the string, quoted name, dollar quote or comment that begins at `start`. Returns `start` when none
 * begins there, -1 when `sql` ends first. The rules are those of psql (PostgreSQL's src/fe_utils/psqlscan.l).
 */
export function skipToken(sql: string, start: number): number {
  switch (sql[start]) {
    case "'":
      return isEscape(sql, start) ? skipEscaped(sql, start + 1) : skipQuoted(sql, start, "'");
    case '"':
      return skipQuoted(sql, start, '"');
    case '$':
      return skipDollars(sql, start);
    case '-':
      if (start + 1 === sql.length) return -1;
      return sql[start + 1] === '-' ? sql.indexOf('\n', start) : start;
    case '/':
      if (start + 1 === sql.length) return -1;
      return sql[start + 1] === '*' ? skipComment(sql, start) : start;
    default:
      return start;
  }
}

const ofName = /[\w$\x80-\uffff]/;

/** Tells whether the quote at `at` belongs to an `E'…'`. */
function isEscape(sql: string, at: number): boolean {
  return (sql[at - 1] === 'E' || sql[at - 1] === 'e') && (at < 2 || !ofName.test(sql.charAt(at - 2)));
}

function skipQuoted(sql: string, start: number, quote: string): number {
  for (let at = sql.indexOf(quote, start + 1); at >= 0; at = sql.indexOf(quote, at + 2)) {
    if (at + 1 === sql.length) return -1;
    if (sql[at + 1] !== quote) return at + 1;
  }
  return -1;
}

function skipEscaped(sql: string, start: number): number {
  const mark = /[\\']/g;
  mark.lastIndex = start;
  while (mark.test(sql)) {
    const at = mark.lastIndex;
    if (at === sql.length) return -1;
    if (sql[at - 1] === "'" && sql[at] !== "'") return at;
    mark.lastIndex = at + 1;
  }
  return -1;
}

function skipDollars(sql: string, start: number): number {
  if (start > 0 && ofName.test(sql.charAt(start - 1))) return start;
  const opening = /\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?(\$|$)/y;
  opening.lastIndex = start;
  const found = opening.exec(sql);
  if (!found) return start;
  const end = found[1] === '' ? -1 : sql.indexOf(found[0], opening.lastIndex);
  return end < 0 ? -1 : end + found[0].length;
}

function skipComment(sql: string, start: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  for (let depth = 0; mark.test(sql);) {
    depth += sql[mark.lastIndex - 1] === '*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return -1;
}
