import type { Chart } from '../shared/settings.ts';
import { readLogo, readStyle } from './looks.ts';

/** The parts of a page that an open one can take up, and a text of all that its other markup is made from. */
export interface Live {
  style: string;
  charts: Chart[];
  frame: string;
}

/** Returns the parts of a page of a project's present files. */
export function describeLive(charts: Chart[]): Live {
  return { charts, style: readStyle(), frame: JSON.stringify([readLogo(), charts.map(frameOf)]) };
}

/** Lists what the markup of a panel says, but for what the page's script writes. */
function frameOf({ panel }: Chart): unknown[] {
  const { name, source, area, within, columns, empty, unfiltered } = panel;
  return [name, source, area, panel.switch, within, columns, empty, unfiltered];
}

/** Finds what an open page has to take up to be another one of the same rows; undefined where it has to load anew. */
export function findChange(before: Live, { frame, style, charts }: Live): Omit<Live, 'frame'> | undefined {
  const old = before.charts.map((chart) => JSON.stringify(chart));
  const changed = charts.filter((chart, at) => JSON.stringify(chart) !== old[at]);
  return frame === before.frame ? { style, charts: changed } : undefined;
}
