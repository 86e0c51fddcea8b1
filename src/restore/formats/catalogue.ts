import { fullName } from './backup.ts';
import type { QualifiedName } from './backup.ts';
import type { Definition } from '../sql/statement.ts';

/** The tables that a backup defines, and which are parts of others: partitions, or children that inherit. */
export class Catalogue {
  readonly #definitions = new Map<string, Definition>();
  readonly #altered = new Set<string>();
  readonly #parents = new Map<string, QualifiedName[]>();

  define(definition: Definition): void {
    this.#definitions.set(fullName(definition), definition);
    this.#altered.delete(fullName(definition));
    for (const parent of definition.parents) this.attach(definition, parent);
  }

  attach(part: QualifiedName, parent: QualifiedName): void {
    this.#parents.set(fullName(part), [...this.#parentsOf(part), parent]);
  }

  /** Notes that a statement has changed the columns of a table, so that they are unknown. */
  alter(table: QualifiedName): void {
    this.#altered.add(fullName(table));
  }

  has(table: QualifiedName): boolean {
    return this.#definitions.has(fullName(table));
  }

  get tables(): QualifiedName[] {
    return [...this.#definitions.values()];
  }

  /** Lists the table itself, and all its ancestors. */
  lineage(table: QualifiedName): QualifiedName[] {
    const found = new Map<string, QualifiedName>();
    const add = (each: QualifiedName): void => {
      if (found.has(fullName(each))) return;
      found.set(fullName(each), each);
      this.#parentsOf(each).forEach(add);
    };
    add(table);
    return [...found.values()];
  }

  /** Returns the types of a table's columns, inherited ones included; none when some are unknown. */
  types(table: QualifiedName): ReadonlyMap<string, string> {
    const types = new Map<string, string>();
    for (const each of this.lineage(table).reverse()) {
      if (this.#altered.has(fullName(each))) return new Map();
      const definition = this.#definitions.get(fullName(each));
      if (!definition || (definition.types.size === 0 && this.#parentsOf(each).length === 0))
        return new Map();
      for (const [name, type] of definition.types) types.set(name, type);
    }
    return types;
  }

  /**
   * Returns the columns of an INSERT statement that lists none. PostgreSQL puts inherited columns first, pg_dump may
   * not: when the orders may differ, returns none.
   */
  columns(table: QualifiedName): string[] {
    const definition = this.#definitions.get(fullName(table));
    if (!definition || this.#altered.has(fullName(table))) return [];
    const own = [...definition.types.keys()];
    const [parent, another] = definition.parents;
    if (!parent) return own;
    const inherited = another ? [] : this.columns(parent);
    if (own.length === 0) return inherited;
    return inherited.length > 0 && inherited.every((name, place) => name === own[place]) ? own : [];
  }

  #parentsOf(table: QualifiedName): QualifiedName[] {
    return this.#parents.get(fullName(table)) ?? [];
  }
}
