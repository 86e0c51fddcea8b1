/** Types for the parts of Vega used here, which ship without their own. */
declare module 'vega-dataflow' {
  export const transforms: Record<string, unknown>;
  export const Transform: unknown;
  export function ingest<Row extends object>(row: Row): Row;
}
declare module 'vega-transforms';
declare module 'vega-view-transforms';
declare module 'vega-encode';
declare module 'vega-parser' {
  export { parse } from 'vega';
}
declare module 'vega-view' {
  export { View } from 'vega';
}
declare module 'vega-format' {
  export {
    formatLocale as numberFormatDefaultLocale,
    timeFormatLocale as timeFormatDefaultLocale,
  } from 'vega';
}
declare module 'vega-functions' {
  export { expressionFunction } from 'vega';
}
declare module 'vega-loader' {
  export { loader } from 'vega';
}
