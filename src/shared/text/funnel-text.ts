/** Defines the numbers of the funnel of shows, clicks and views. */
export const ofFunnel =
  'For each kind of event, the unique users of each minute, card topic and age, summed, divided by the same sum for shows. Someone who comes back in another minute is counted again. The tooltip and the table also give the mean of existing rows as a share of the largest such mean: a minute, topic and age without clicks has no row of clicks, so that this share is higher.';
