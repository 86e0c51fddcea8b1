/**
 * Stands for `vega` and `vega-lite` in the page's script, of which mounting a chart needs no half: transforms come from
 * `runtime.ts`, and charts come compiled.
 */
export {
  numberFormatDefaultLocale as formatLocale,
  timeFormatDefaultLocale as timeFormatLocale,
} from 'vega-format';
export { expressionFunction } from 'vega-functions';
export { loader } from 'vega-loader';
export { parse } from 'vega-parser';
export { isBoolean, isObject, isString, logger, mergeConfig, None, Warn, writeConfig } from 'vega-util';
export { View } from 'vega-view';

/** Put in by the build. */
declare const vegaVersion: string;
export const version = vegaVersion;

/** Never called: a page has no compiler. */
export function compile(): never {
  throw new Error('Charts are compiled when a page is rendered.');
}
