/** The funnel of the log that zen restore makes. */
const usual: readonly string[] = ['show', 'click', 'view'];

let own: readonly string[] | undefined;

/** Has zen tell of another funnel: two to seven kinds of event, in their order; without one, the usual one. */
export function useSteps(steps: readonly string[] | undefined): void {
  own = steps;
}

/** The kinds of event that are steps of the funnel, in their order. */
export function listSteps(): readonly string[] {
  return own ?? usual;
}

/** Tells whether the funnel is show, click, view: of no other, people are counted. */
export function isUsualFunnel(): boolean {
  return listSteps().join() === usual.join();
}

/** The first step, the second, and the last: two steps are told twice where there are no more. */
export function listEnds(): [first: string, second: string, last: string] {
  const steps = listSteps();
  return [steps.at(0), steps.at(1), steps.at(-1)] as [string, string, string];
}
