/** The funnel of the log that zen restore makes. */
const usual: readonly string[] = ['show', 'click', 'view'];

let own: readonly string[] | undefined;

/** Sets the steps of the funnel: two to seven kinds of event, in order; without an argument, the usual ones. */
export function useSteps(steps: readonly string[] | undefined): void {
  own = steps;
}

/** The kinds of event that are steps of the funnel, in order. */
export function listSteps(): readonly string[] {
  return own ?? usual;
}

/** Tells whether the funnel is show, click, view: people are counted for no other. */
export function isUsualFunnel(): boolean {
  return listSteps().join() === usual.join();
}

/** The first step, the second, and the last; with two steps, the last two are the same. */
export function listEnds(): [first: string, second: string, last: string] {
  const steps = listSteps();
  return [steps.at(0), steps.at(1), steps.at(-1)] as [string, string, string];
}
