import type { Cells } from '../data/cells.ts';

/**
 * Users by the step of time in which they were seen and by how many steps before they had last been, without an id. Its cells
 * have four codes: the card topic and the age (0 for every one, else one more than the name's), the kind of event (the events
 * in their order, then show or click, then show or view), and the steps since (0: not yet in this period, or not
 * as far back as is known).
 */
export interface Returns {
  /** Minutes; steps begin at midnight, UTC, and are counted from the one in which the period starts. */
  step: number;
  /** For each UTC day of the period, how many days of the period before it are known of its users. */
  reaches: number[];
  withheld: Withheld;
  /** The named groups that are counted, where there are some. */
  groups?: CountedGroups;
  cells: Cells;
}

/** The named groups of topics, and of ages, that are scopes of their own, as the places of their names. Their codes follow those of the names. */
export interface CountedGroups {
  topics: number[][];
  ages: number[][];
}

/** The scopes that are not told, because they would tell a part of a merged group: their codes, 0 standing for every one. */
export interface Withheld {
  /** "Other topics", and "all other ages"; null where nothing is merged so. */
  topic: number | null;
  age: number | null;
  /** The ages of which some are among "all other ages": what every topic has of them. */
  partly: number[];
}
