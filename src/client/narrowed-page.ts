import { findBaseline, usual } from '../shared/baseline.ts';
import type { Baseline } from '../shared/baseline.ts';
import { keepAlone } from '../shared/data/narrow.ts';
import { partMark, encode, namesOf } from '../shared/data/payload.ts';
import type { Payload } from '../shared/data/payload.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Tables } from '../shared/data/table.ts';
import { sumUp } from '../shared/data/totals.ts';
import { known, valueOf } from '../shared/known.ts';
import { listMinutes } from '../shared/minutes.ts';
import { isOfPeople } from '../shared/people/sources.ts';
import { controlOf, everything } from '../shared/selection.ts';
import type { Selection } from '../shared/selection.ts';
import type { Chart, Settings } from '../shared/settings.ts';
import { describeFinding, describeHeadline, describeSelection } from '../shared/text/findings.ts';
import { writer } from '../shared/text/format.ts';
import type { Writer } from '../shared/text/format.ts';
import { explainBaseline, listSections } from '../shared/text/topic-text.ts';
import { listGroupRows, listTopics, listWholeAges, tintTopics } from '../shared/topics.ts';
import type { TopicRow } from '../shared/topics.ts';
import { expressions } from '../shared/vega/expression.ts';
import { takeSnapshot } from '../shared/vega/snapshot.ts';
import type { Snapshot } from '../shared/vega/snapshot.ts';
import { composePage, digest } from './saved-page.ts';
import { fillLine } from './topic-table.ts';
import { compress } from './unpack.ts';
import { readSelection, toHash } from './url-state.ts';
import type { State } from './url-state.ts';
import { tellHeadline, writeRows } from './words.ts';

type Kept = Record<string, string[]>;

/** Returns the chosen names, by field; null when there are none, or when events and users cannot both be narrowed to them. */
export function listKept({ tables, counting }: Payload, { names }: Selection): Kept | null {
  const kept = Object.entries(names).flatMap(([field, list]) => (list ? [[field, list] as const] : []));
  const canTell = (field: string) =>
    Object.values(counting).every((name) => valueOf(tables, name).fields.includes(field));
  return kept.length > 0 && kept.every(([field]) => canTell(field)) ? Object.fromEntries(kept) : null;
}

/**
 * Builds a page file of the chosen names alone. It opens with the view, without filters on these names, because there
 * are no others. Facts about them that need the database are left out: people, the comparison of days, and the number
 * of small groups.
 */
export async function composeNarrowed(
  whole: Payload,
  kept: Kept,
  view: State,
  settings: Settings,
): Promise<Blob> {
  const payload = keepAlone(whole, kept);
  const tables = tabulatePayload(payload);
  const scene = new BarePage(payload, tables, settings);
  const snapshots = await scene.draw();
  const packed = await Promise.all(encode(payload).map(compress));
  const switches = Object.entries(view.switches).filter(([, id]) => scene.has(id));
  // Another selection may include dropped names.
  const compare =
    view.compare !== null && readSelection(view.compare, settings.filters) ? null : view.compare;
  const hashOfView = toHash({ ...view, compare, names: {}, switches: Object.fromEntries(switches) });
  return composePage(hashOfView || 'all', (page) => {
    const findings = scene.tell(page, snapshots, kept);
    const write = (id: string, text: string) => {
      known(page.querySelector(`#${id}`)).textContent = text;
    };
    const writeJson = (id: string, value: unknown) => {
      write(id, JSON.stringify(value).replaceAll('<', '\\u003c'));
    };
    const read = (id: string) => JSON.parse(known(page.querySelector(`#${id}`)).textContent) as object;
    const [first = '', rows = ''] = packed;
    write('payload', first);
    write('rows', rows);
    const stated = Object.entries(read('manifest')).filter(([name]) => !/^page$|_(rows|sum)$/.test(name));
    writeJson('manifest', {
      ...Object.fromEntries(stated),
      ...sumUp(payload),
      payload: digest(packed.join(partMark)),
      page: '',
    });
    const sources = Object.entries(read('sources-of-charts')).filter(([name]) => scene.has(name));
    writeJson('sources-of-charts', Object.fromEntries(sources));
    const words = { ...settings.words, ...scene.words, findings, change: '', warning: '' };
    writeJson('settings', { ...settings, charts: scene.charts, words } satisfies Settings);
  });
}

/** The words, tables and pictures of a page before anything is chosen, as it holds them until its script starts. */
class BarePage {
  readonly charts: Chart[];
  readonly words: ReturnType<typeof describeHeadline> & { summary: string };
  readonly #payload: Payload;
  readonly #tables: Tables;
  readonly #settings: Settings;
  readonly #write: Writer;
  readonly #span: [number, number];
  readonly #baseline: Baseline | null;
  readonly #topics: TopicRow[];
  readonly #groups: [topics: TopicRow[], ages: TopicRow[]];

  constructor(payload: Payload, tables: Tables, settings: Settings) {
    [this.#payload, this.#tables, this.#settings] = [payload, tables, settings];
    this.#write = writer(settings.locale);
    this.#span = [payload.start, payload.end];
    this.#baseline = findBaseline(tables, everything, this.#span, usual);
    const from = [tables, everything, this.#span, this.#baseline] as const;
    this.#topics = listTopics(...from);
    this.#groups = [listGroupRows('item_topic', ...from), listWholeAges(payload, ...from)];
    tintTopics(tables, this.#topics, null);
    const isTold = (name: string) =>
      !isOfPeople(name) && (name in tables.aggregates || name in tables.lookUps);
    const own = settings.charts.filter(({ panel, tables: named }) => [panel.source, ...named].every(isTold));
    const names = new Set(own.map(({ panel }) => panel.name));
    this.charts = own.filter(({ panel: { within } }) => within === '' || names.has(within));
    const { events } = sumUp(payload);
    this.words = {
      ...describeHeadline(events, tables, everything, this.#span, this.#write),
      summary: describeSelection(everything, this.#span, this.#write, settings.filters)
        .map(({ text }) => text)
        .join(' · '),
    };
  }

  has(name: string): boolean {
    return this.charts.some(({ panel }) => panel.name === name);
  }

  /** Draws the charts that have their own panel. */
  async draw(): Promise<Map<string, Snapshot>> {
    const drawn = this.charts
      .filter(({ panel }) => panel.within === '')
      .map(async (chart): Promise<[string, Snapshot]> => [
        chart.panel.name,
        await takeSnapshot(chart, this.#tables, this.#settings.locale, expressions),
      ]);
    return new Map(await Promise.all(drawn));
  }

  /** Writes all of that into a page. @returns the findings of its panels, for a message about it */
  tell(page: HTMLElement, snapshots: ReadonlyMap<string, Snapshot>, kept: Kept): string[] {
    const { t } = this.#write;
    // A page that was saved while open may contain what its reader looked at.
    const others = '#change, [data-others], body > .notice:not(.stalled), .moment, #vg-tooltip-element';
    for (const part of page.querySelectorAll(others)) part.remove();
    for (const state of page.querySelectorAll('.state')) state.textContent = t('All');
    known(page.querySelector('#notice')).textContent = '';
    known(page.querySelector('#summary')).textContent = this.words.summary;
    const facts = known(page.querySelector('#facts'));
    const said = document.createElement('span');
    const chosen = describeSelection(
      { period: null, names: kept },
      this.#span,
      this.#write,
      Object.keys(kept),
    );
    said.textContent = t(
      'This copy holds only what was chosen: {names}. People and the comparison of days are left out, because they would reveal more.',
      {
        names: chosen
          .slice(1)
          .map(({ text }) => text)
          .join('; '),
      }, // the first is the period
    );
    const { events } = sumUp(this.#payload);
    known(facts.querySelector('span')).textContent =
      `${t('This file holds {events event|events}', { events })}.`;
    facts.append(said);
    for (const field of Object.keys(this.#payload.dimensions)) this.#offer(page, field);
    tellHeadline(this.words, page);
    const findings = [...page.querySelectorAll('zen-chart')].flatMap((panel) =>
      this.#tellPanel(panel, snapshots),
    );
    return [...findings, ...listSections(...this.#groups, this.#write)];
  }

  /** Keeps only the existing names in a control, in their order. */
  #offer(page: HTMLElement, field: string): void {
    const control = page.querySelector(`#${controlOf(field)}`);
    if (!control) return;
    const names = namesOf(this.#payload, field);
    const groups = this.#tables.groups.filter((group) => group.field === field).map(({ name }) => name);
    const lineOf = (button: Element) => button.closest('tr') ?? button;
    for (const [kind, all] of [
      ['.group', groups],
      ['.name', names],
    ] as const) {
      const buttons = new Map(
        [...control.querySelectorAll(kind)].map((button) => [button.textContent, button]),
      );
      const lines = all.map((name) => lineOf(known(buttons.get(name))));
      const place = [...buttons.values()].map((button) => known(lineOf(button).parentElement))[0];
      for (const button of buttons.values()) lineOf(button).remove();
      place?.append(...lines);
      for (const [at, line] of lines.entries()) line.setAttribute('data-code', String(at));
    }
    if (field !== 'item_topic') return;
    const tints = new Map(this.#tables.lookUps.topics.map(({ name, tint }) => [name, String(tint)]));
    for (const [kind, rows] of [
      ['.section', this.#groups[0]],
      ['.option', this.#topics],
    ] as const)
      for (const [at, line] of [...control.querySelectorAll<HTMLElement>(`tbody ${kind}`)].entries()) {
        const row = known(rows[at]);
        fillLine(line, row, this.#write);
        const tint = tints.get(row.name);
        if (kind === '.option')
          for (const shape of line.querySelectorAll('[fill]')) shape.setAttribute('fill', known(tint));
      }
    known(control.querySelector('.compared')).textContent = explainBaseline(
      this.#tables,
      everything,
      this.#baseline,
      this.#write,
    );
  }

  /** Writes what a panel finds and draws; removes it when its chart is not in the copy. */
  #tellPanel(panel: Element, snapshots: ReadonlyMap<string, Snapshot>): string[] {
    const snapshot = snapshots.get(panel.id);
    if (!snapshot) {
      panel.remove();
      return [];
    }
    const { panel: options } = known(this.charts.find((chart) => chart.panel.name === panel.id));
    const choices = this.charts.filter(
      (chart) => options.switch && chart.panel.switch?.name === options.switch.name,
    );
    for (const button of panel.querySelectorAll<HTMLElement>('[data-show]')) {
      const name = known(button.dataset.show);
      button.setAttribute('aria-pressed', String(name === panel.id));
      if (choices.length < 2 || !this.has(name)) button.remove();
    }
    const isHidden = choices.length > 0 && choices[0]?.panel.name !== panel.id;
    panel.toggleAttribute('hidden', isHidden);
    const { rows, svg } = isHidden ? { rows: [], svg: '' } : snapshot;
    known(panel.querySelector('h2')).textContent = options.title;
    known(panel.querySelector('.view')).innerHTML = svg;
    const finding = describeFinding(options, snapshot.rows, this.#write);
    known(panel.querySelector('.finding')).textContent = finding;
    const listed =
      options.minutes && !isHidden ? listMinutes(options, this.#tables, everything, this.#span) : rows;
    writeRows(known(panel.querySelector('.sheet')), options, listed, this.#write);
    return isHidden || finding === '' ? [] : [finding];
  }
}
