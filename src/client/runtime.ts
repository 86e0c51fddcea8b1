import { transforms } from 'vega-dataflow';
import * as encode from 'vega-encode';
import * as data from 'vega-transforms';
import * as view from 'vega-view-transforms';
import { boundFunctions } from '../shared/vega/bounds.ts';
import { registerCube } from '../shared/vega/cube-transform.ts';

/** Makes known to Vega what charts may use in the page: all of its transforms but those for maps, networks and statistics. */
export function registerTransforms(): void {
  Object.assign(transforms, data, encode, view);
  registerCube();
  boundFunctions();
}
