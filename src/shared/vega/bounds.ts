import { expressionFunction } from 'vega';

/** Loads nothing: a chart has all that it draws. Vega would fetch, and in Node read files. */
function loadNothing(): Promise<never> {
  return Promise.reject(new Error('A chart loads nothing.'));
}

export const noLoader = { load: loadNothing, sanitize: loadNothing, http: loadNothing, file: loadNothing };

/** Numbers that an expression may list, and letters that it may add. */
const mostListed = 100_000;

/** Bounds the functions of expressions of which one number could fill the memory (vega-functions). */
export function boundFunctions(): void {
  expressionFunction('sequence', (start: number, stop?: number, step = 1) => {
    const [from, to] = stop === undefined ? [0, start] : [start, stop];
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (!(length <= mostListed)) throw new Error(`A sequence of ${length} numbers is too long.`);
    return Array.from({ length }, (_, at) => from + at * step);
  });
  expressionFunction('pad', (text: unknown, length: number, filler: unknown = ' ', align = 'right') => {
    if (!(length <= mostListed)) throw new Error(`A text of ${length} letters is too long.`);
    const [own, more] = [String(text), String(filler)];
    const missing = Math.max(0, length - own.length);
    const left = align === 'left' ? missing : align === 'center' ? Math.floor(missing / 2) : 0;
    return more.repeat(left) + own + more.repeat(missing - left);
  });
}
