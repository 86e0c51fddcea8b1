/**
 * Replaces `vega` and `vega-lite` in the page's script. Mounting a compiled chart needs less than half of them, and
 * `runtime.ts` adds the transforms.
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

/** Inserted by the build. */
declare const vegaVersion: string;
export const version = vegaVersion;

/** Never called, because a page has no compiler. */
export function compile(): never {
  throw new Error('Charts are compiled when a page is rendered.');
}
