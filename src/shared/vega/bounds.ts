import { expressionFunction } from 'vega';

/** Loads nothing: a chart has all that it draws. Vega would fetch, and in Node read files. */
function loadNothing(): Promise<never> {
  return Promise.reject(new Error('A chart loads nothing.'));
}

export const noLoader = { load: loadNothing, sanitize: loadNothing, http: loadNothing, file: loadNothing };

/** Numbers that an expression may list, and letters that it may add. */
const mostListed = 100_000;

/** Bounds the functions of expressions of which one number could fill the memory (vega-functions); again, it changes nothing. */
export function boundFunctions(): void {
  bound('sequence', (start: number, stop?: number, step = 1) =>
    stop === undefined ? start : (stop - start) / step,
  );
  bound('pad', (_text: unknown, length: number) => length);
}

function bound(name: string, lengthOf: (...args: never[]) => number): void {
  const own = expressionFunction(name) as (...args: never[]) => unknown;
  expressionFunction(name, (...args: never[]) => {
    const length = lengthOf(...args);
    if (!(length <= mostListed)) throw new Error(`${name} would be of ${length}, which is too long.`);
    return own(...args);
  });
}
