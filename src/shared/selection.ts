/** The filters' state; null lets all through. A period is half-open, Unix milliseconds. */
export interface Selection {
  period: [start: number, end: number] | null;
  topics: string[] | null;
  ages: string[] | null;
}

/** No filter is set. */
export const everything: Selection = { period: null, topics: null, ages: null };

/** The fields that the controls with lists of names choose by. */
export const filters = { topics: 'item_topic', ages: 'age_segment' } as const;
