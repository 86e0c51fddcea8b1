import type { View } from 'vega';
import { isOfPeople, listOfPeople } from '../shared/people/sources.ts';
import { known } from '../shared/known.ts';
import type { Panel } from '../shared/panels.ts';
import { decodeFirst, namesOf } from '../shared/data/payload.ts';
import type { Early, Payload } from '../shared/data/payload.ts';
import { unlessLate } from '../shared/data/cube.ts';
import { countSelected, listMinutes } from '../shared/minutes.ts';
import type { Chart, Settings } from '../shared/settings.ts';
import { tabulatePayload } from '../shared/data/table.ts';
import type { Row, Tables } from '../shared/data/table.ts';
import {
  describeFinding,
  describeHeadline,
  describeSelection,
  describeSteps,
} from '../shared/text/findings.ts';
import { findClock } from '../shared/text/clock.ts';
import { writer } from '../shared/text/format.ts';
import { controlOf, usualFilters } from '../shared/selection.ts';
import type { Selection } from '../shared/selection.ts';
import type { Writer } from '../shared/text/format.ts';
import { tellAge } from './freshness.ts';
import { MultiSelect } from './multi-select.ts';
import { TopicTable } from './topic-table.ts';
import { findBaseline, findStretch, usual } from '../shared/baseline.ts';
import type { Baseline } from '../shared/baseline.ts';
import { readMoment, traceBaseline } from '../shared/moment.ts';
import { MomentBox } from './moment.ts';
import { listGroupRows, listRatesBefore, listTopics, tintTopics, traceEvents } from '../shared/topics.ts';
import type { Course, TopicRow } from '../shared/topics.ts';
import { findSpikes } from '../shared/spikes.ts';
import type { Spike } from '../shared/spikes.ts';
import { captionSpikes } from '../shared/text/spike-text.ts';
import { describeSnap } from '../shared/text/step-text.ts';
import { describeDays, describeOther, explainBaseline, nameSelection } from '../shared/text/topic-text.ts';
import { fromHash, readSelection, toHash, writeSelection } from './url-state.ts';
import type { State } from './url-state.ts';
import { hasLateRows, readLateRows } from './late-rows.ts';
import { composeNarrowed, listKept } from './narrowed-page.ts';
import type { Window } from '../shared/windows.ts';
import { notify } from './notice.ts';
import { PanelElement } from './panel.ts';
import { Period } from './period.ts';
import { registerTransforms } from './runtime.ts';
import { bindSheet } from './sheet.ts';
import { offerFiles } from './download.ts';
import { savedView } from './saved-page.ts';
import { offerShare } from './share.ts';
import { inSlices } from './slices.ts';
import { Strip } from './strip.ts';
import { unpack } from './unpack.ts';
import { fillTable, tellFinding, tellHeadline } from './words.ts';

// A page that was saved while it was open is not ready yet.
delete document.documentElement.dataset.zen;
delete document.documentElement.dataset.rows;
registerTransforms();
customElements.define('zen-choice', MultiSelect);
customElements.define('zen-topics', TopicTable);
customElements.define('zen-period', Period);
customElements.define('zen-chart', PanelElement);

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`The page has no #${id}.`);
  return element;
}

function readEmbedded(id: string): string {
  return find(id, HTMLScriptElement).textContent;
}

const period = find('period', Period);
const topics = find('topics', TopicTable);
const compare = find('compare', HTMLSelectElement);
const settings = JSON.parse(readEmbedded('settings')) as Settings;
const { filters, charts, locale } = settings;
/** The controls that choose names, by their field; some may be hidden. */
const choices = new Map(
  [...new Set([...usualFilters, ...filters])].map((field) => [field, find(controlOf(field), MultiSelect)]),
);
const controls = [period, ...choices.values()];
const panels = [...document.querySelectorAll<PanelElement>('zen-chart')];

function offer(payload: Early, write: Writer): void {
  period.limit([payload.start, payload.end], payload.ladder, write);
  for (const [field, choice] of choices) {
    const groups = payload.groups?.filter((group) => group.field === field) ?? [];
    choice.offer(namesOf(payload, field), write, groups);
  }
  bindSheet(find('filters', HTMLButtonElement), find('controls', HTMLElement));
  const reset = () => {
    for (const control of controls) control.choose(null);
  };
  find('reset', HTMLButtonElement).addEventListener('click', reset);
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === 'Escape' && !isTyping && !document.querySelector('.moment:not([hidden])')) reset();
  });
  for (const button of document.querySelectorAll('[data-undo]')) button.addEventListener('click', reset);
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-topic]'))
    button.addEventListener('click', () => {
      topics.choose([known(button.dataset.topic)]);
    });
}

function selection(): Selection {
  const names = Object.fromEntries([...choices].map(([field, { value }]) => [field, value]));
  return { period: period.value, names };
}

/**
 * Lets the reader turn from the clocks of UTC to those of the page's time zone, or of their own machine, and back. What is named after UTC,
 * such as a column of a table, stays.
 */
function bindZone([start, end]: [number, number], { clock }: Writer, change: () => void): void {
  const button = find('zone', HTMLButtonElement);
  const tell = () => {
    button.textContent = clock.name(start, end);
  };
  tell();
  const own = findClock(locale.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  button.disabled = own.name(start, end) === 'UTC';
  button.addEventListener('click', () => {
    clock.use(clock.zone === own.zone ? 'UTC' : own.zone);
    tell();
    period.retell();
    change();
  });
}

/** The rows that a panel draws; a hidden one draws none. */
function drawn(panel: PanelElement, tables: Tables): Row[] {
  if (panel.hidden) return [];
  const { source } = panel.options;
  return isOfPeople(source) ? listOfPeople(source, tables, selection()) : panel.rows;
}

/** A chart that a switch chooses, and the panel in which it is drawn. */
interface Choice {
  id: string;
  upTo: number;
  panel: PanelElement;
}

/** The panel that a chart is drawn in: its own, or that of another. */
function findPanel({ name, within }: Panel): PanelElement | undefined {
  return panels.find(({ id }) => id === (within || name));
}

/** The charts that stand in one place, by the name of their switch. */
const switches = new Map<string, Choice[]>();
/** Those that the reader chose there. */
const picked = new Map<string, string>();

/** The chart that a switch shows: the reader's choice, or one that is for as many topics as are chosen, or the first. */
function chooseChart(name: string, all: readonly Choice[]): string {
  const count = choices.get('item_topic')?.value?.length ?? Infinity;
  const fit = all.find(({ upTo }) => count <= upTo) ?? known(all[0]);
  return picked.get(name) ?? fit.id;
}

/** The state that the reader sees, for a link. */
function state(): State {
  const isTold = ([name, id]: [string, string]) => {
    const all = known(switches.get(name));
    return all[0]?.id !== id || all.some(({ upTo }) => upTo > 0);
  };
  const compared = compare.value === usual ? null : compare.value;
  return { ...selection(), compare: compared, switches: Object.fromEntries([...picked].filter(isTold)) };
}

/** The charts that the switches show, where these are not the first, as for the names that are chosen. */
function shownSwitches(): Record<string, string> {
  const shown = [...switches].map(([name, all]) => ({ name, id: chooseChart(name, all), first: all[0]?.id }));
  return Object.fromEntries(shown.flatMap(({ name, id, first }) => (id === first ? [] : [[name, id]])));
}

let isPushed = false;
/** The clicks that the last event was, where it was one: 2 for the second of a double click. */
let clicks = 0;
for (const type of ['keydown', 'pointerdown', 'click', 'dblclick'] as const)
  addEventListener(
    type,
    ({ detail }) => {
      clicks = detail;
    },
    true,
  );

/**
 * Makes a step of the browser's history of all that changes at once. The second click of a double click, and the choice that it makes,
 * take the place of the step of the first.
 */
function push(): void {
  const isSecond = clicks > 1;
  const before = isPushed;
  isPushed = true;
  if (before) return;
  queueMicrotask(() => {
    isPushed = false;
    const hash = `#${toHash(state()) || whole}`;
    if (hash === (location.hash || '#')) return;
    if (isSecond) history.replaceState(null, '', hash);
    else location.hash = hash;
  });
}

/**
 * Lets one of the charts of a switch stand in the place of all; another than the first is drawn when it is first seen.
 *
 * @returns shows what the switches choose now
 */
function bindSwitches(draw: (panel: PanelElement) => Promise<void>, change: () => void): () => void {
  const show = async (all: readonly Choice[], id: string) => {
    const { panel: shown } = known(all.find((choice) => choice.id === id));
    if (!shown.hidden && shown.wants(id)) return;
    for (const { panel } of all) panel.hidden = panel !== shown;
    if (!shown.wants(id)) shown.want(id);
    await draw(shown);
    change();
  };
  const settle = () => {
    for (const [name, all] of switches) void show(all, chooseChart(name, all));
  };
  for (const { panel: options } of charts) {
    const { name: id, switch: own } = options;
    const panel = findPanel(options);
    if (own && panel?.querySelector('[data-show]'))
      switches.set(own.name, [...(switches.get(own.name) ?? []), { ...{ id, panel }, upTo: own.upTo ?? 0 }]);
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-show]')) {
    const [id, name] = [known(button.dataset.show), known(button.dataset.switch)];
    button.addEventListener('click', () => {
      picked.set(name, id);
      settle();
      const { panel } = known(switches.get(name)?.find((choice) => choice.id === id));
      panel.querySelector<HTMLButtonElement>(`[data-show="${id}"]`)?.focus();
      push();
    });
  }
  choices.get('item_topic')?.addEventListener('input', settle);
  return settle;
}

/** The selection of the reader's own that is compared with; null of another comparison, or where the page has not all of its names. */
function otherSelection(comparison = compare.value): Selection | null {
  const own = readSelection(comparison, filters);
  const isKnown = [...choices].every(([field, choice]) => missing(choice, own?.names[field]) === 0);
  return isKnown ? own : null;
}

/** Chooses a comparison. A selection of the reader's own has an option behind the others; what is unknown is the usual one. */
function compareWith(wanted: string, { groups }: Tables, write: Writer): void {
  const own = otherSelection(wanted);
  if (own) {
    const option = compare.querySelector<HTMLOptionElement>('[value*="="]') ?? new Option();
    [option.value, option.text] = [wanted, nameSelection(own, groups, write)];
    compare.append(option);
  }
  const isKnown = [...compare.options].some(({ value }) => value === wanted && value !== 'this');
  compare.value = isKnown ? wanted : usual;
}

/** Takes what is chosen for what others are compared with, and shows all of the page, to choose one of these. */
function offerSelection(tables: Tables, write: Writer): void {
  compare.addEventListener('change', () => {
    if (compare.value !== 'this') return;
    compareWith(writeSelection(selection()), tables, write);
    for (const control of controls) control.choose(null);
  });
}

/** The hash of a page without filters. A saved page opens with its view where there is no hash. */
const whole = savedView === '' ? '' : 'all';

/** Keeps the hash of the URL and what is shown the same, whichever changes. */
function link(tables: Tables, write: Writer, settle: () => void): void {
  const follow = () => {
    const wanted = fromHash(location.hash || savedView, filters);
    // A part of the hash that names no switch of a chart is not ours.
    const own = new Set(panels.map(({ options }) => options.switch?.name));
    const others = Object.entries(wanted.switches).filter(
      ([name, id]) => own.has(name) && !switches.get(name)?.some((choice) => choice.id === id),
    );
    const lost = [...choices].map(([field, choice]) => missing(choice, wanted.names[field]));
    const count = lost.reduce((sum, one) => sum + one, others.length);
    const unknown = count > 0 ? [write.t('{count name of the link|names of the link}', { count })] : [];
    notify(
      'link',
      unknown.length > 0 ? write.t('Not in this file: {names}.', { names: unknown.join(', ') }) : '',
    );
    period.value = wanted.period;
    for (const [field, choice] of choices) choice.value = keepKnown(choice, wanted.names[field]);
    compareWith(wanted.compare ?? usual, tables, write);
    picked.clear();
    for (const [name, all] of switches) {
      const id = wanted.switches[name];
      if (id !== undefined && all.some((choice) => choice.id === id)) picked.set(name, id);
    }
    settle();
  };
  document.addEventListener('change', ({ target }) => {
    if ([...controls, compare].some((control) => control === target)) push();
  });
  addEventListener('hashchange', follow);
  follow();
}

/** Counted, not named: anybody may write a link. */
function missing(choice: MultiSelect, names: string[] | null | undefined): number {
  return (names ?? []).filter((name) => !choice.names.includes(name)).length;
}

function keepKnown(choice: MultiSelect, names: string[] | null | undefined): string[] | null {
  return names?.filter((name) => choice.names.includes(name)) ?? null;
}

/** A stretch drawn on a chart that has a brush becomes the period when the pointer is let go; a click pins a moment, a second one isolates the topic there. */
function bindBrush(panel: PanelElement, moment: MomentBox): (view: View) => void {
  let isBrushed = false;
  panel.addEventListener('pointerdown', () => {
    isBrushed = false;
  });
  addEventListener('pointerup', () => {
    const { view } = panel;
    const brush = view?.signal('brush') as { dt?: [number, number] } | undefined;
    if (!view || !brush?.dt) return;
    isBrushed = true; // the click that ends it pins nothing
    moment.hide();
    view.signal('brush_x', [0, 0]).run();
    period.choose(brush.dt);
  });
  // The browser takes a finger over, to scroll: what it began to brush is none.
  addEventListener('pointercancel', () => {
    panel.view?.signal('brush_x', [0, 0]).run();
    dispatchEvent(new PointerEvent('pointerup'));
  });
  return (view) => {
    view.addEventListener('click', (event, item) => {
      // All of the plot is that of a topic that is drawn alone, if only as a line.
      const only = panel.key.length === 1 ? panel.rows[0] : undefined;
      if (event instanceof MouseEvent && !isBrushed && moment.pin(event)) isolate(item?.datum ?? only);
    });
  };
}

/** Chooses the topic of a mark alone, its age, or what else it is filtered by; of one that is alone already, all. */
function isolate(datum: unknown): void {
  const row = (datum ?? {}) as Row;
  const field = [...choices.keys()].find((each) => filters.includes(each) && typeof row[each] === 'string');
  if (field === undefined) return;
  const [control, name] = [known(choices.get(field)), String(row[field])];
  control.choose(control.value?.length === 1 && control.value[0] === name ? null : [name]);
}

/** A click on a mark isolates its name. A finger's first tap only shows what the mark says, as a mouse does that stands on it. */
function bindMarks(panel: PanelElement): void {
  let isFinger = false;
  let shown: unknown;
  panel.addEventListener('pointerdown', ({ pointerType }) => {
    isFinger = pointerType === 'touch';
  });
  // Vega takes a finger that is lifted for a pointer that left, and hears of none that stays.
  const stay = (event: Event) => {
    if (isFinger) event.stopPropagation();
  };
  panel.addEventListener('mouseout', stay, true);
  panel.view?.addEventListener('click', (event, item) => {
    if (!isFinger || item === shown) isolate(item?.datum);
    else {
      const { clientX, clientY } = event as MouseEvent;
      event.target?.dispatchEvent(new PointerEvent('pointermove', { clientX, clientY, bubbles: true }));
    }
    shown = item;
  });
}

/** Takes a tooltip away that no chart does: of a mark that went from under the pointer, or that a finger touched. */
function hideTooltip({ type, target }: Event): void {
  const isInChart = target instanceof Element && target.closest('.view svg') !== null;
  if (type !== 'pointermove' || !isInChart)
    document.getElementById('vg-tooltip-element')?.classList.remove('visible');
}

for (const type of ['pointerdown', 'pointermove', 'scroll'])
  addEventListener(type, hideTooltip, { capture: true, passive: true });

interface Followed {
  rows: TopicRow[];
  /** Those of named groups. */
  groups: TopicRow[];
  baseline: Baseline | null;
}

/** Gives what the table of topics tells of the selection, and chooses the colours of the history by it. */
function followTopics(tables: Tables, span: [number, number]): () => Followed {
  let key = '';
  let rows: TopicRow[] = [];
  let groups: TopicRow[] = [];
  let baseline: Baseline | null = null;
  return () => {
    const chosen = selection();
    baseline = findBaseline(tables, chosen, span, otherSelection() ?? compare.value);
    const wanted = JSON.stringify([chosen.period, { ...chosen.names, item_topic: null }, baseline]);
    if (wanted !== key) {
      rows = listTopics(tables, chosen, span, baseline);
      groups = listGroupRows('item_topic', tables, chosen, span, baseline);
      key = wanted;
    }
    tintTopics(tables, rows, chosen.names.item_topic ?? null);
    return { rows, groups, baseline };
  };
}

/** Draws the strip beneath the plot, where the page has one. Its course is of the names that are chosen. */
function followStrip(
  tables: Tables,
  span: [number, number],
  write: Writer,
): (compared: Window | null) => void {
  const element = document.getElementById('strip');
  if (!element) return () => undefined;
  const strip = new Strip(element, period, span, write);
  let key = '';
  let course: Course = [];
  return (compared) => {
    const chosen = selection();
    const wanted = JSON.stringify(chosen.names);
    if (wanted !== key) [key, course] = [wanted, traceEvents(tables, chosen, span)];
    strip.show(course, compared);
  };
}

/** Says what is chosen. A filter that is set has a button, which takes it away. */
function tellSelection(parts: { id: string; text: string }[], set: ReadonlySet<string>, write: Writer): void {
  const summary = find('summary', HTMLParagraphElement);
  const told = parts.map(({ text }) => text).join(' · ');
  if (summary.textContent === told) return;
  const nodes = parts.map(({ id, text }) => {
    const control = controls.find((one) => one.id === id && set.has(id));
    if (!control) return text;
    const chip = document.createElement('button');
    [chip.type, chip.className, chip.textContent] = ['button', 'chip', text];
    chip.setAttribute('aria-label', `${write.t('Remove this filter')}: ${text}`);
    chip.addEventListener('click', () => {
      control.choose(null);
    });
    return chip;
  });
  summary.replaceChildren(...nodes.flatMap((node, at) => (at === 0 ? [node] : [' · ', node])));
}

/** The lines that charts draw of what is compared, by the names of their data: of all events, and of each topic. */
const ghosts: [source: string, by: string[]][] = [
  ['baseline', []],
  ['baselines', ['item_topic', 'item_rank']],
];

/** The rings that charts of the funnel draw for what is compared, by the field of its names. */
const sides: [source: string, field: string][] = [
  ['ages_before', 'age_segment'],
  ['topics_before', 'item_topic'],
];

/** Stands over charts that wait for rows. */
const waiting = 'Minutes are still being read: figures and charts follow in a moment.';

/** Stands beside the selection, where it takes no line of its own. */
const unfiltered = 'The comparison of days does not follow the filters.';

async function start(): Promise<void> {
  const early = decodeFirst(await unpack(readEmbedded('payload')));
  const tables = tabulatePayload(early);
  let payload: Payload | null = null;
  const write = writer(locale, findClock(locale.timeZone));
  offer(early, write);
  const span: [number, number] = [early.start, early.end];
  const follow = followTopics(tables, span);
  let due = false;
  const change = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      update();
    });
  };
  const wait = { isLate: false };
  tables.onLate = () => {
    wait.isLate = true;
    change();
  };
  // Before the charts are drawn, which look colours up, and then before they follow a control.
  const begin = () => {
    wait.isLate = unlessLate(follow) === null;
    if (wait.isLate) change();
  };
  begin();
  for (const control of controls) control.addEventListener('input', begin);
  const drawStrip = followStrip(tables, span, write);
  const listed = (panel: PanelElement) =>
    panel.options.minutes ? listMinutes(panel.options, tables, selection(), span) : drawn(panel, tables);
  const tell = () => {
    const chosen = selection();
    const set = new Set(controls.filter(({ value }) => value !== null).map(({ id }) => id));
    find('reset', HTMLButtonElement).setAttribute('aria-disabled', String(set.size === 0));
    const isChangeTold = document.getElementById('change') !== null;
    const notes = [
      set.size > 0 && isChangeTold ? write.t(unfiltered) : '',
      isChangeTold ? describeDays(span, write) : '',
      chosen.period ? describeSnap(tables.ladder, chosen.period, write) : '',
    ].flatMap((text) => (text === '' ? [] : [{ id: '', text }]));
    tellSelection([...describeSelection(chosen, span, write, filters, tables.groups), ...notes], set, write);
    lookForSpikes(chosen);
    const { rows, groups, baseline } = follow();
    topics.fill(rows, groups, write);
    topics.paint(tables);
    known(compare.querySelector<HTMLOptionElement>('[value=this]')).disabled = set.size === 0;
    const own = otherSelection();
    const told =
      own && !baseline
        ? describeOther(own, nameSelection(own, tables.groups, write), write)
        : explainBaseline(tables, chosen, baseline, write);
    // Without a period or another selection, only the last day is compared, and nothing of it stands beside what is of all days.
    const shown = chosen.period || own ? baseline : null;
    const stretch = findStretch(shown, own);
    const marked = stretch && own ? [stretch] : [];
    drawStrip(stretch);
    topics.compare(
      told,
      rows.some(({ now }) => now !== null),
    );
    const events = countSelected(tables, chosen, span);
    tellHeadline(describeHeadline(events, tables, chosen, span, write, shown));
    document.querySelector('main')?.classList.toggle('is-empty', events === 0);
    const clocks = write.clock.steps(...(chosen.period ?? span));
    for (const panel of panels) {
      panel.set('clock', clocks);
      const rows = drawn(panel, tables);
      tellFinding(panel, describeFinding(panel.options, rows, write), set);
      const { source: own } = panel.options;
      if (!panel.hidden && isOfPeople(own)) panel.give(own, () => rows);
      panel.give('spikes', () => captionSpikes(spikes, chosen, write));
      panel.give('changes', () => describeSteps(tables, chosen, shown, write));
      panel.give('compared', () => marked);
      for (const [source, field] of sides)
        panel.give(source, () => listRatesBefore(tables, field, chosen, shown));
      for (const [source, by] of ghosts)
        panel.give(source, () =>
          traceBaseline(tables, chosen, shown, known(panel.view).signal('step') as number, by),
        );
      fillTable(panel, () => listed(panel), write);
    }
    for (const { moment } of brushed.values()) moment.refresh();
    return true;
  };
  /** Tells of what is chosen; where that takes rows that are still being read, that they are. */
  const update = () => {
    wait.isLate = unlessLate(tell) === null || wait.isLate;
    document.querySelector('main')?.classList.toggle('is-late', wait.isLate);
    notify('late', wait.isLate ? write.t(waiting) : '');
  };
  for (const left of document.querySelectorAll('.moment')) left.remove(); // by a page that was saved while it was open
  const brushed = new Map<PanelElement, { moment: MomentBox; bind: (view: View) => void }>();
  // A moment that the comparison does not reach is held against the day before.
  const read = (stretch: [number, number]) => {
    const { baseline } = follow();
    const isWithin = baseline && baseline.window.start <= stretch[0] && stretch[1] <= baseline.window.end;
    const own =
      isWithin || compare.value === 'none'
        ? baseline
        : findBaseline(tables, { ...selection(), period: stretch }, span, 'day');
    return readMoment(tables, selection(), stretch, own);
  };
  const readMomentNow = (stretch: [number, number]) => unlessLate(() => read(stretch));
  // Spikes are looked for when the reader pauses: nobody waits for their captions.
  let spikes: Spike[] = [];
  let lookedFor = '';
  const lookForSpikes = ({ names }: Selection) => {
    const wanted = JSON.stringify({ ...names, item_topic: null });
    if (wanted === lookedFor || !payload) return;
    const pause = lookedFor === '' ? 100 : 400;
    [lookedFor, spikes] = [wanted, []];
    setTimeout(async () => {
      if (wanted !== lookedFor) return;
      const found = await inSlices(findSpikes(tables, names, span));
      if (wanted !== lookedFor || found.length === 0) return;
      spikes = found;
      change();
    }, pause);
  };
  for (const chart of charts) findPanel(chart.panel)?.take(chart);
  // Other people are drawn because something has changed, which is told already.
  const draw = async (panel: PanelElement) => {
    const onChange = isOfPeople(panel.options.source) ? () => undefined : change;
    if (!(await panel.draw(tables, locale, onChange))) return;
    if (!panel.hasSignal('brush')) {
      bindMarks(panel);
      return;
    }
    let own = brushed.get(panel);
    if (!own) {
      const moment = new MomentBox(panel, tables.ladder, readMomentNow, write);
      own = { moment, bind: bindBrush(panel, moment) };
      brushed.set(panel, own);
    }
    own.bind(known(panel.view));
  };
  bindZone(span, write, () => {
    compareWith(compare.value, tables, write);
    change();
  });
  // A preview sends charts that were edited.
  document.addEventListener('zen-edit', (event) => {
    if (!(event instanceof CustomEvent)) return;
    for (const chart of event.detail as Chart[]) {
      charts[charts.findIndex(({ panel }) => panel.name === chart.panel.name)] = chart;
      findPanel(chart.panel)?.take(chart);
    }
    void Promise.all(panels.filter((panel) => !panel.hidden).map(draw)).then(change);
  });
  offerSelection(tables, write);
  // Other topics may have moved most: the charts look their colours up anew.
  const redraw = () => {
    begin();
    for (const { view } of panels) void view?.signal('tables', { ...tables }).runAsync();
    change();
  };
  compare.addEventListener('change', redraw);
  const isSlow = charts.some((chart) => chart.tables.some((name) => Object.hasOwn(tables.aggregates, name)));
  if (isSlow || !hasLateRows(early)) payload = await readLateRows(early, tables);
  await Promise.all(panels.filter((panel) => !panel.hidden).map(draw));
  link(tables, write, bindSwitches(draw, change)); // not before: Vega-Lite's selections do not take up what an element holds when they are bound
  for (const panel of panels) {
    offerFiles(panel, () => listed(panel), write);
    // A browser may show a table before it tells that it has opened, and may open it where nobody clicked.
    panel.querySelector('summary')?.addEventListener('click', change);
    panel.querySelector('details')?.addEventListener('toggle', change);
  }
  const scene = () => {
    const { rows, baseline } = follow();
    return { tables, selection: selection(), span, baseline, topics: rows, filters, title: document.title };
  };
  const narrow = () => {
    const whole = known(payload);
    const kept = listKept(whole, selection());
    return kept && (() => composeNarrowed(whole, kept, { ...state(), switches: shownSwitches() }, settings));
  };
  const panel = panels.find(({ hidden }) => !hidden);
  offerShare({ scene, view: () => toHash(state()), narrow, panel }, write);
  tellAge(locale.language, write.t);
  update();
  const enable = (parts: string) => {
    for (const part of document.querySelectorAll(parts)) part.removeAttribute('inert');
  };
  const finishReading = async () => {
    payload ??= await readLateRows(early, tables);
    if (wait.isLate) redraw();
    update();
    enable('[inert]');
    performance.mark('zen-whole');
    document.documentElement.dataset.rows = 'read';
  };
  // A link may ask for more than can be told yet.
  const reading = wait.isLate || payload ? finishReading() : null;
  await reading;
  enable(`[inert]:not(${ofRows})`);
  document.documentElement.dataset.zen = 'ready';
  performance.mark('zen-ready');
  await (reading ?? finishReading());
}

/** The parts of the page that need rows. */
const ofRows = '.tools, #share';

start().catch((error: unknown) => {
  document.documentElement.dataset.zen = 'failed'; // the page has a sentence of its own for that, in the reader's language
  throw error;
});
