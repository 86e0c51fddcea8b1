import { transforms } from 'vega-dataflow';
import { boundVega } from '../shared/vega/bounds.ts';
import { registerCube } from '../shared/vega/cube-transform.ts';
import { pageTransforms } from '../shared/vega/page-transforms.ts';

/** Makes known to Vega what charts may use in the page. */
export function registerTransforms(): void {
  Object.assign(transforms, pageTransforms);
  registerCube();
  boundVega();
}
