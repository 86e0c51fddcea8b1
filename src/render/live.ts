import type { Chart } from '../shared/settings.ts';
import { readLogo, readStyle } from './looks.ts';

/** The parts that an open page can replace, and a text of everything that determines its other markup. */
export interface Live {
  style: string;
  charts: Chart[];
  frame: string;
}

/** Returns these parts of a page, from the project's current files. */
export function describeLive(charts: Chart[]): Live {
  return { charts, style: readStyle(), frame: JSON.stringify([readLogo(), charts.map(frameOf)]) };
}

/** Lists the contents of a panel's markup, except what the page's script writes. */
function frameOf({ panel }: Chart): unknown[] {
  const { name, source, area, within, columns, empty, unfiltered } = panel;
  return [name, source, area, panel.switch, within, columns, empty, unfiltered];
}

/** Lists what an open page must replace to become another with the same rows; undefined when it must reload. */
export function findChange(before: Live, { frame, style, charts }: Live): Omit<Live, 'frame'> | undefined {
  const old = before.charts.map((chart) => JSON.stringify(chart));
  const changed = charts.filter((chart, at) => JSON.stringify(chart) !== old[at]);
  return frame === before.frame ? { style, charts: changed } : undefined;
}
