import { transforms } from 'vega-dataflow';
import { boundVega } from '../shared/vega/bounds.ts';
import { registerCube } from '../shared/vega/cube-transform.ts';
import { pageTransforms } from '../shared/vega/page-transforms.ts';

/** Registers with Vega what charts in the page may use. */
export function registerTransforms(): void {
  Object.assign(transforms, pageTransforms);
  registerCube();
  boundVega();
}
