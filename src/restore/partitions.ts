import { fullName } from './backup.ts';
import type { TableName } from './backup.ts';

/** Which tables of a backup are partitions of which. */
export class Partitions {
  readonly #parents = new Map<string, TableName>();

  add(partition: TableName, parent: TableName): void {
    this.#parents.set(fullName(partition), parent);
  }

  /** The table itself, the one that it is a partition of, and so on. */
  lineage(table: TableName): TableName[] {
    const names = new Map<string, TableName>();
    for (let at: TableName | undefined = table; at && !names.has(fullName(at)); at = this.#parent(at))
      names.set(fullName(at), at);
    return [...names.values()];
  }

  #parent(table: TableName): TableName | undefined {
    return this.#parents.get(fullName(table));
  }
}
