import * as encode from 'vega-encode';
import * as data from 'vega-transforms';
import * as view from 'vega-view-transforms';

/** The transforms that charts may use in a page, by Vega's names: all but those for maps, networks and statistics. */
export const pageTransforms = Object.assign({}, data, encode, view) as Record<string, unknown>;
