import type { Cells } from '../data/cells.ts';

/**
 * Users by the time step in which they were seen and the number of steps since the last time, without an id.
 * Its cells have four codes: card topic and age (0 for everyone, else one more than the name's), kind of event (the
 * events in order, then show or click, then show or view), and steps since (0: not yet in this period, or not known).
 */
export interface Returns {
  /** Minutes; steps are aligned to UTC midnight, and counted from the step in which the period starts. */
  step: number;
  /** The number of earlier days of the period in which each UTC day's users are known. */
  reaches: number[];
  withheld: Withheld;
  /** The named groups that are counted, where there are some. */
  groups?: CountedGroups;
  cells: Cells;
}

/**
 * The named groups of topics, and of ages, that are scopes of their own, as indices of their names. Their codes follow
 * those of the names.
 */
export interface CountedGroups {
  topics: number[][];
  ages: number[][];
}

/** The hidden scopes, which would reveal part of a merged group: their codes, with 0 for everyone. */
export interface Withheld {
  /** "Other topics", and "all other ages"; null when nothing is merged into them. */
  topic: number | null;
  age: number | null;
  /** The ages that are partly merged into "all other ages", and so hidden across all topics. */
  partly: number[];
}
