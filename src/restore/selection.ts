import { ZenError } from '../errors.ts';
import { fullName, describeTables } from './formats/backup.ts';
import type { BackupTable, QualifiedName } from './formats/backup.ts';
import type { Catalogue } from './formats/catalogue.ts';
import { isLog } from './columns.ts';
import { quoteArgument } from './ids.ts';

/** The tables to take from a backup, each with its parts. */
export class TableSelection {
  readonly #isDefault: boolean;
  readonly #wanted: readonly TablePattern[];
  readonly #catalogue: Catalogue;
  readonly #path: string;

  /** @param names each `name` or `schema.name`, with `*` as a wildcard; by default `log_raw` */
  constructor(names: readonly string[], catalogue: Catalogue, path: string) {
    this.#isDefault = names.length === 0;
    this.#wanted = (this.#isDefault ? ['log_raw'] : names).map(toPattern);
    this.#catalogue = catalogue;
    this.#path = path;
  }

  /** Returns the table to take that a given table is, or is a part of. A part may share its name in another schema. */
  owner(table: QualifiedName): QualifiedName | undefined {
    return this.#catalogue
      .lineage(table)
      .findLast((each) => this.#wanted.some((wanted) => isNamed(each, wanted)));
  }

  /**
   * Checks that the choice of tables is unambiguous, once all of the backup's tables are known.
   *
   * @param tables those that have data
   * @throws ZenError `failed` otherwise
   */
  check(tables: readonly BackupTable[]): void {
    const owners = this.requireOwners(tables);
    const named = tables.flatMap((table) => this.#catalogue.lineage(table));
    const missing = this.#wanted.find((wanted) => !named.some((table) => isNamed(table, wanted)));
    const alike = tables.filter(({ columns }) => isLog(columns));
    if (tables.length === 0)
      this.#refuse(
        `${this.#path} holds no data of any table, perhaps only definitions. Make it without --schema-only, --statistics-only and --globals-only.`,
      );
    if (missing !== undefined) {
      const held = `${this.#path} holds no data of a table ${missing.name}`;
      this.#refuse(
        alike.length > 0
          ? `${held}. With the log's columns it has ${describeTables(alike)}. ${howToTake(alike)}`
          : `${held} (its tables: ${describeTables(tables)}). Choose one with --table.`,
      );
    }
    // Without definitions, nothing marks a table as part of the log; a user who names it wants that one.
    if (!this.#isDefault || owners.some((owner) => this.#catalogue.has(owner))) return;
    const [own, ...others] = [...alike].sort((a, b) => Number(!this.owner(a)) - Number(!this.owner(b)));
    if (own && others.length > 0)
      this.#refuse(
        `${this.#path} defines no tables, so that ${describeTables(others)} may be parts of ${fullName(own)}. ${howToTake(alike)}`,
      );
  }

  /**
   * Returns the tables to take.
   *
   * @throws ZenError `failed` when several of them share a name
   */
  requireOwners(tables: readonly QualifiedName[]): QualifiedName[] {
    const owners = new Map<string, QualifiedName>();
    for (const owner of tables.map((table) => this.owner(table)))
      if (owner) owners.set(fullName(owner), owner);
    for (const wanted of this.#wanted.filter(({ name }) => !name.includes('*'))) {
      const named = [...owners.values()].filter((owner) => isNamed(owner, wanted));
      if (named.length > 1)
        this.#refuse(
          `${this.#path} holds several tables ${wanted.name}: ${describeTables(named)}. Choose one with --table.`,
        );
    }
    return [...owners.values()];
  }

  #refuse(message: string): never {
    throw new ZenError('failed', message);
  }
}

interface TablePattern {
  name: string;
  pattern: RegExp;
}

function toPattern(name: string): TablePattern {
  const pattern = name.replaceAll(/[$()+.?[\\\]^{|}]/g, '\\$&').replaceAll('*', '.*');
  return { name, pattern: new RegExp(`^${pattern}$`, 's') };
}

function isNamed(table: QualifiedName, { name, pattern }: TablePattern): boolean {
  if (name === table.name || name === fullName(table)) return true;
  return pattern.test(name.includes('.') ? fullName(table) : table.name);
}

/** Returns what to type: each name quoted for the shell, or a pattern that covers many. */
function howToTake(tables: readonly QualifiedName[]): string {
  const typed = tables.slice(0, 10).map((table) => `--table ${quoteArgument(fullName(table))}`);
  const more = tables.length > 10 ? " …, or a pattern, as in --table 'log_raw*'" : '';
  return `Name the tables to take: ${typed.join(' ')}${more}.`;
}
