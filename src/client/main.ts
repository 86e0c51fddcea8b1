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

// A page that was saved while open is not ready yet.
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
/** The controls that choose names, by field; some may be hidden. */
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
 * Lets the reader switch the clock between UTC and the page's time zone, or their own machine's. Names that mention
 * UTC, such as a table column's, stay.
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

/** Returns the rows that a panel draws; none when it is hidden. */
function drawn(panel: PanelElement, tables: Tables): Row[] {
  if (panel.hidden) return [];
  const { source } = panel.options;
  return isOfPeople(source) ? listOfPeople(source, tables, selection()) : panel.rows;
}

/** A chart that a switch offers, and the panel that draws it. */
interface Choice {
  id: string;
  upTo: number;
  panel: PanelElement;
}

/** Finds the panel that draws a chart: its own, or another's. */
function findPanel({ name, within }: Panel): PanelElement | undefined {
  return panels.find(({ id }) => id === (within || name));
}

/** The charts that share one place, by the name of their switch. */
const switches = new Map<string, Choice[]>();
/** The charts that the reader chose there. */
const picked = new Map<string, string>();

/** Returns the chart that a switch shows: the reader's choice, else one for the number of chosen topics, else the first. */
function chooseChart(name: string, all: readonly Choice[]): string {
  const count = choices.get('item_topic')?.value?.length ?? Infinity;
  const fit = all.find(({ upTo }) => count <= upTo) ?? known(all[0]);
  return picked.get(name) ?? fit.id;
}

/** Returns the visible state, for a link. */
function state(): State {
  const isTold = ([name, id]: [string, string]) => {
    const all = known(switches.get(name));
    return all[0]?.id !== id || all.some(({ upTo }) => upTo > 0);
  };
  const compared = compare.value === usual ? null : compare.value;
  return { ...selection(), compare: compared, switches: Object.fromEntries([...picked].filter(isTold)) };
}

/** Returns the charts that the switches show when these are not the first, for example because of the chosen names. */
function shownSwitches(): Record<string, string> {
  const shown = [...switches].map(([name, all]) => ({ name, id: chooseChart(name, all), first: all[0]?.id }));
  return Object.fromEntries(shown.flatMap(({ name, id, first }) => (id === first ? [] : [[name, id]])));
}

let isPushed = false;
/** The click count of the last event: 2 for the second of a double click. */
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
 * Adds one step to the browser's history for all simultaneous changes. The second of a double click replaces the step
 * of the first.
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
 * Lets one chart of a switch replace the others in their place; any but the first is drawn when first seen.
 *
 * @returns a function that shows the current choices
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
  // Before the views follow, so that one that is about to be hidden does not.
  choices.get('item_topic')?.addEventListener('input', settle, true);
  return settle;
}

/**
 * Returns the reader's own selection to compare with; null for any other comparison, or when the page lacks some of its
 * names.
 */
function otherSelection(comparison = compare.value): Selection | null {
  const own = readSelection(comparison, filters);
  const isKnown = [...choices].every(([field, choice]) => missing(choice, own?.names[field]) === 0);
  return isKnown ? own : null;
}

/**
 * Chooses a comparison. A selection of the reader's own becomes the last option; an unknown comparison becomes the
 * usual one.
 */
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

/** Makes the current selection the basis of comparison, then shows the whole page, for the reader to choose the other side. */
function offerSelection(tables: Tables, write: Writer): void {
  compare.addEventListener('change', () => {
    if (compare.value !== 'this') return;
    compareWith(writeSelection(selection()), tables, write);
    for (const control of controls) control.choose(null);
  });
}

/** The hash of a page without filters. A saved page without a hash opens with its view. */
const whole = savedView === '' ? '' : 'all';

/** Keeps the hash of the URL and the page in step, whichever changes. */
function link(tables: Tables, write: Writer, settle: () => void): void {
  const follow = () => {
    const wanted = fromHash(location.hash || savedView, filters);
    // Parts of the hash that name no switch of a chart are not ours.
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

/** Counts unknown names without showing them, because anybody may write a link. */
function missing(choice: MultiSelect, names: string[] | null | undefined): number {
  return (names ?? []).filter((name) => !choice.names.includes(name)).length;
}

function keepKnown(choice: MultiSelect, names: string[] | null | undefined): string[] | null {
  return names?.filter((name) => choice.names.includes(name)) ?? null;
}

/**
 * Makes a stretch brushed on a chart the period when the pointer is released. A click pins a moment; a second one
 * isolates the topic there.
 */
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
  // The browser took over the touch to scroll, so the brush is cancelled.
  addEventListener('pointercancel', () => {
    panel.view?.signal('brush_x', [0, 0]).run();
    dispatchEvent(new PointerEvent('pointerup'));
  });
  return (view) => {
    view.addEventListener('click', (event, item) => {
      // A single topic owns the whole plot, even when it is drawn as a line.
      const only = panel.key.length === 1 ? panel.rows[0] : undefined;
      if (event instanceof MouseEvent && !isBrushed && moment.pin(event)) isolate(item?.datum ?? only);
    });
  };
}

/** Isolates the topic of a mark, its age, or another filtered name; chooses all if it is already isolated. */
function isolate(datum: unknown): void {
  const row = (datum ?? {}) as Row;
  const field = [...choices.keys()].find((each) => filters.includes(each) && typeof row[each] === 'string');
  if (field === undefined) return;
  const [control, name] = [known(choices.get(field)), String(row[field])];
  control.choose(control.value?.length === 1 && control.value[0] === name ? null : [name]);
}

/** Isolates the name of a clicked mark. A first tap only shows the mark's tooltip, as hovering with a mouse does. */
function bindMarks(panel: PanelElement): void {
  let isFinger = false;
  let shown: unknown;
  panel.addEventListener('pointerdown', ({ pointerType }) => {
    isFinger = pointerType === 'touch';
  });
  // Vega mistakes a lifted finger for a pointer that left; this hides the event.
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

/** Hides a tooltip that no chart would: after its mark moved away from the pointer, or after a touch. */
function hideTooltip({ type, target }: Event): void {
  const isInChart = target instanceof Element && target.closest('.view svg') !== null;
  if (type !== 'pointermove' || !isInChart)
    document.getElementById('vg-tooltip-element')?.classList.remove('visible');
}

for (const type of ['pointerdown', 'pointermove', 'scroll'])
  addEventListener(type, hideTooltip, { capture: true, passive: true });

interface Followed {
  rows: TopicRow[];
  /** The rows of named groups. */
  groups: TopicRow[];
  baseline: Baseline | null;
}

/** Returns the rows of the topic table for the selection, and assigns the history's colours by them. */
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

/** Draws the strip beneath the plot, if the page has one. Its course is that of the chosen names. */
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

/** Shows what is chosen. Each active filter is a button that removes it. */
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

/** The comparison lines that charts draw, by the names of their data: for all events, and for each topic. */
const ghosts: [source: string, by: string[]][] = [
  ['baseline', []],
  ['baselines', ['item_topic', 'item_rank']],
];

/** The comparison rings that funnel charts draw, by the field of their names. */
const sides: [source: string, field: string][] = [
  ['ages_before', 'age_segment'],
  ['topics_before', 'item_topic'],
];

/** Shown above charts that wait for rows. */
const waiting = 'Minutes are still being read: figures and charts follow in a moment.';

/** Shown beside the selection, so that it takes no line of its own. */
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
  // Before the charts are drawn, which look up colours; later, before they follow a control.
  const begin = () => {
    wait.isLate = unlessLate(follow) === null;
    if (wait.isLate) change();
  };
  begin();
  for (const control of controls) {
    control.addEventListener('input', begin);
    control.addEventListener('input', change);
  }
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
    // Without a period or another selection, only the last day is compared, so nothing is drawn beside data
    // of all days.
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
  /** Reports the selection, or that its rows are still being read. */
  const update = () => {
    wait.isLate = unlessLate(tell) === null || wait.isLate;
    document.querySelector('main')?.classList.toggle('is-late', wait.isLate);
    notify('late', wait.isLate ? write.t(waiting) : '');
  };
  for (const left of document.querySelectorAll('.moment')) left.remove(); // from a page saved while open
  const brushed = new Map<PanelElement, { moment: MomentBox; bind: (view: View) => void }>();
  // A moment outside the comparison is compared with the day before.
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
  // Searches for spikes when the reader pauses, so that nobody waits for captions.
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
  // Redrawing people follows a change that has already been reported.
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
  // A preview sends edited charts.
  document.addEventListener('zen-edit', (event) => {
    if (!(event instanceof CustomEvent)) return;
    for (const chart of event.detail as Chart[]) {
      charts[charts.findIndex(({ panel }) => panel.name === chart.panel.name)] = chart;
      findPanel(chart.panel)?.take(chart);
    }
    void Promise.all(panels.filter((panel) => !panel.hidden).map(draw)).then(change);
  });
  offerSelection(tables, write);
  // Other topics may have moved most, so charts look up their colours again.
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
    // A browser may show a table before it reports the opening, and may open one that nobody clicked.
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
  // A link may ask for more than is known yet.
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
  document.documentElement.dataset.zen = 'failed'; // the page has a message in the reader's language
  throw error;
});
