import type { QualifiedName } from '../formats/backup.ts';
import { readAltered, readName, readTokens, readVerb } from './statement.ts';
import { toUtf8 } from '../copy/text.ts';

/** Statements that change no rows, whatever they name. */
const harmless = new Set(
  (
    'analyze begin checkpoint close cluster comment commit create discard end grant listen lock notify reassign refresh ' +
    'reindex release reset revoke savepoint security set show start unlisten vacuum'
  ).split(' '),
);

/** Table actions that change no values in its rows. */
const harmlessAction = new RegExp(
  [
    'add (constraint|primary|unique|foreign|check|exclude|not null)',
    'alter (column )?("[^"]*"|\\S+) (set (default|not|statistics|storage|compression|generated|\\()|drop (default|not)|add generated|reset|restart)',
    '(alter|drop|rename|validate) constraint',
    'owner to|cluster on|replica identity|(disable|enable|force|no force) |reset ',
    'set (\\(|without|logged|unlogged|tablespace|access)',
    'attach partition|inherit ',
  ]
    .map((action) => `^(${action})`)
    .join('|'),
);

/** Words that may precede a parenthesis in a query without being functions that could change the log. */
const harmlessCalls = new Set(
  (
    'all and any as by case cast coalesce count currval else exists from greatest in lastval least lower max min nextval not ' +
    'now on or over pg_get_serial_sequence select set_config setval sum then timescaledb_post_restore timescaledb_pre_restore ' +
    'union upper using values version when where'
  ).split(' '),
);

/**
 * Tells whether a statement after the rows might change or remove them; when in doubt, it might.
 *
 * @param sql one character a byte
 * @param tables those that hold the rows, and their parents
 */
export function mayChange(sql: string, tables: readonly QualifiedName[]): boolean {
  const verb = readVerb(sql);
  if (harmless.has(verb)) return false;
  const tokens = readTokens(toUtf8(sql));
  const words = tokens.map((token) => token.toLowerCase());
  const object = words[1] ?? '';
  const isNamed = tables.some((table) => isIn(tokens, table));
  switch (verb) {
    case 'delete':
    case 'merge':
    case 'update':
      return isNamed;
    case 'truncate':
      return isNamed || words.includes('cascade');
    case 'drop':
      if (/^(domain|extension|owned|schema|type)$/.test(object)) return true;
      return isNamed && !/^(index|policy|rule|trigger)$/.test(object);
    case 'alter':
      if (object === 'type') return words.includes('value') || words.includes('attribute');
      return /^(table|foreign)$/.test(object) && isNamed && !readActions(words).every(isHarmless);
    case 'insert':
    case 'select':
    case 'table':
    case 'values':
    case 'with':
      return readsUnsafely(words, isNamed);
    default:
      return true; // DO, CALL, EXECUTE, ROLLBACK …
  }
}

const name = String.raw`((?:(?:"[^"]+"|\w+)\s*\.\s*)?(?:"[^"]+"|\w+))`;
const creation = new RegExp(String.raw`^create\s(?:[a-z]+\s+)*table\s+(?:if\s+not\s+exists\s+)?${name}`, 'i');
const insertion = new RegExp(String.raw`\b(?:insert|merge)\s+into\s+(?:only\s+)?${name}`, 'gi');
const selection = new RegExp(String.raw`\sinto\s+(?:temp\w*\s+|unlogged\s+|table\s+)*${name}(?:\s|$)`, 'gi');
/** Statements that put no rows into a table that they name; a function that would is not called by them. */
const fillsNothing = new Set([...harmless, 'alter', 'create', 'delete', 'drop', 'truncate', 'update']);

/** Lists the tables that a statement other than INSERT and COPY may put rows into, even in a string. */
export function listFilled(sql: string): QualifiedName[] {
  const verb = readVerb(sql);
  const found: RegExpMatchArray[] = fillsNothing.has(verb) ? [] : [...sql.matchAll(insertion)];
  if (verb === 'select') found.push(...sql.matchAll(selection));
  const created = creation.exec(sql);
  if (created && isFromQuery(sql)) found.push(created);
  return found.map(([, written = '']) => {
    const parts = readTokens(written).filter((token) => token !== '.');
    const [table = '', schema = ''] = parts.map(readName).reverse();
    return { schema, name: table };
  });
}

/** Tells whether a table is made of the rows of a query: `AS` stands outside of the parentheses. */
function isFromQuery(sql: string): boolean {
  let depth = 0;
  return readTokens(sql).some((token) => {
    if (token === '(') depth++;
    if (token === ')') depth--;
    return depth === 0 && token.toLowerCase() === 'as';
  });
}

/** Names the table of which a statement changes the columns, or its name; undefined for another statement. */
export function findAltered(sql: string): QualifiedName | undefined {
  const table = readAltered(sql);
  return table && !readActions(readTokens(sql.toLowerCase())).every(isHarmless) ? table : undefined;
}

/** Tells whether a statement creates a key or an index, which happens once all rows are loaded. */
export function addsKey(sql: string): boolean {
  return /^create\s+(unique\s+)?index\s|^alter\s+table\s.*\sadd\s+(constraint|primary|unique)\s/is.test(sql);
}

/** Tells whether a statement names one of those tables, even inside a string. */
export function namesTable(sql: string, tables: readonly QualifiedName[]): boolean {
  const tokens = readTokens(toUtf8(sql));
  return tables.some((table) => isIn(tokens, table));
}

/** Tells whether tokens name the table; a name after another schema is a different table. */
function isIn(tokens: string[], { schema, name }: QualifiedName): boolean {
  return tokens.some((token, at) => {
    if (/^['$]/.test(token)) return token.toLowerCase().includes(name.toLowerCase());
    if (readName(token) !== name) return false;
    return tokens[at - 1] !== '.' || readName(tokens[at - 2] ?? '') === schema;
  });
}

/** Tells whether a query might write: it names the rows, or calls something that may write. */
function readsUnsafely(words: string[], isNamed: boolean): boolean {
  if (isNamed && words.some((word) => /^(delete|merge|update|truncate)$/.test(word))) return true;
  return words.some(
    (word, at) =>
      words[at + 1] === '(' &&
      /^["\w]/.test(word) &&
      !harmlessCalls.has(word) &&
      !(words[at - 1] === '.' && words[at - 2] === 'pg_catalog') &&
      !isList(words, at),
  );
}

/** Tells whether a name before a parenthesis is no function, but is followed by a list of columns. */
function isList(words: string[], at: number): boolean {
  return (
    /^(into|with|recursive)$/.test(words[at - 1] ?? '') || (words[at - 1] === '.' && words[at - 3] === 'into')
  );
}

/** Splits an ALTER TABLE statement into its actions, which commas separate. */
function readActions(words: string[]): string[] {
  const actions: string[][] = [[]];
  let depth = 0;
  let at = 2;
  while (/^(table|if|exists|only)$/.test(words[at] ?? '')) at++;
  at += words[at + 1] === '.' ? 3 : 1;
  if (words[at] === '*') at++;
  for (const word of words.slice(at)) {
    if (word === '(') depth++;
    if (word === ')') depth--;
    if (word === ',' && depth === 0) actions.push([]);
    else actions.at(-1)?.push(word);
  }
  return actions.map((action) => action.join(' '));
}

function isHarmless(action: string): boolean {
  return harmlessAction.test(`${action} `);
}
