import { minuteMs } from '../../src/time.ts';
import type { Engine } from './engines.ts';
import { Hand } from './hand.ts';
import { look, open } from './seen.ts';
import type { Seen } from './seen.ts';
import { first, oddTopics, spike } from './three-days.ts';

const minute = (day: number, hour: number) => first + (day * 24 + hour) * 60 * minuteMs;

type Step = [step: string, act: (hand: Hand) => Promise<void>];

/** Everything that a reader can do, by what the documents call it. Each step begins where the one before it ended. */
export const features: Record<string, Step[]> = {
  'open the file': [['opens', () => Promise.resolve()]],
  'choose topics': [
    ['one topic', (hand) => hand.choose('#topics', 'Наука')],
    ['a second one', (hand) => hand.choose('#topics', 'Дети')],
    ['all but these', (hand) => hand.click('#topics .invert')],
    ['all', (hand) => hand.click('#topics .all')],
    ['one alone, by a double click', (hand) => hand.isolate('#topics', 'Кино')],
    ['all again', (hand) => hand.click('#topics .all')],
    ['a topic', (hand) => hand.choose('#topics', 'Шоу')],
    ['“only” of another', (hand) => hand.click('#topics .option:not(.is-chosen) .only')],
    ['searches', (hand) => hand.write('#topics input[type=search]', 'е')],
    ['chooses what was found', (hand) => hand.press('Enter')],
    [
      'clears the search',
      async (hand) => {
        await hand.write('#topics input[type=search]', ' ');
        await hand.press('Backspace');
      },
    ],
    [
      'walks by keys',
      async (hand) => {
        await hand.focus('#topics .option .name');
        await hand.press('ArrowDown', 'Enter');
      },
    ],
    ['all topics', (hand) => hand.click('#topics .all')],
  ],
  'choose groups': [
    ['one, which leaves the other', (hand) => hand.click('#topics .group')],
    ['the other, too', (hand) => hand.click('#topics .group', 1)],
    ['all', (hand) => hand.click('#topics .all')],
    ['unfolds one', (hand) => hand.click('#topics .fold')],
    ['unfolds the other', (hand) => hand.click('#topics [aria-expanded=false]')],
  ],
  'read odd names': [
    ...oddTopics.map((name): Step => [name, (hand) => hand.choose('#topics', name)]),
    ['in a table', (hand) => hand.click('#history .sheet summary')],
    ['in a file', (hand) => hand.take('#history [data-take=csv]')],
    ['of sources', (hand) => hand.click('#sources .sheet summary')],
    [
      'folds all',
      async (hand) => {
        for (const panel of ['#history', '#sources']) await hand.click(`${panel} .sheet summary`);
        for (const at of [0, 1]) await hand.click('#topics .fold', at);
      },
    ],
    ['all again', (hand) => hand.click('#topics .all')],
  ],
  'rank topics': [
    ['by name', (hand) => hand.click('[data-sort=name]')],
    ['by change', (hand) => hand.click('[data-sort=change]')],
    ['by click rate', (hand) => hand.click('[data-sort=clicks]')],
    ['the other way round', (hand) => hand.click('[data-sort=clicks]')],
    ['by events', (hand) => hand.click('[data-sort=events]')],
    ['small charts', (hand) => hand.click('.expand')],
    ['the history again', (hand) => hand.click('.expand')],
  ],
  'choose ages': [
    ['one age', (hand) => hand.choose('#ages', '18-25')],
    [
      'the other by key, which makes all',
      async (hand) => {
        await hand.press('ArrowRight', 'Enter');
      },
    ],
    ['one again', (hand) => hand.choose('#ages', '18-25')],
    ['all ages', (hand) => hand.click('#ages .all')],
  ],
  'choose a period': [
    [
      'types its start',
      async (hand) => {
        await hand.write('#period input', '23.09.2019 06:00');
        await hand.press('Enter');
      },
    ],
    [
      'types its end',
      async (hand) => {
        await hand.write('#period input', '2019-09-24 18:00', 1);
        await hand.press('Enter');
      },
    ],
    [
      'types what is no time',
      async (hand) => {
        await hand.write('#period input', 'вчера');
        await hand.press('Enter');
      },
    ],
    ['takes it back', (hand) => hand.press('Escape')],
    ['steps a part of it', (hand) => hand.press('Home', 'ArrowUp')],
    ['picks a day', (hand) => hand.pick('#period select', 'вт, 24 сентября')],
    ['brushes', (hand) => hand.brush(minute(2, 6), minute(2, 20))],
    ['brushes closer', (hand) => hand.brush(minute(2, 10), minute(2, 12))],
    ['resets', (hand) => hand.click('#reset')],
  ],
  'drag the window beneath the plot': [
    ['picks the day in the middle', (hand) => hand.click('#strip svg')],
    ['moves the window', (hand) => hand.drag('#strip .window', 0.2)],
    ['draws its start back', (hand) => hand.drag('#strip .edge', -0.3)],
    [
      'steps its end by keys',
      async (hand) => {
        await hand.focus('#strip .edge + .edge');
        await hand.press('ArrowLeft', 'ArrowLeft', 'PageDown');
      },
    ],
    ['resets', (hand) => hand.click('#reset')],
  ],
  compare: [
    ['the last day', (hand) => hand.pick('#period select', 'вт, 24 сентября')],
    ['with the day before', (hand) => hand.pick('#compare', 'day')],
    ['with nothing', (hand) => hand.pick('#compare', 'none')],
    ['with the day before again', (hand) => hand.pick('#compare', 'day')],
    ['a topic of it', (hand) => hand.choose('#topics', 'Дети')],
    [
      'resets the comparison',
      async (hand) => {
        await hand.follow('#');
      },
    ],
  ],
  'explain a moment': [
    ['stands on it', (hand) => hand.hover('#history .view')],
    ['pins it', (hand) => hand.pin(spike + 7 * minuteMs)],
    ['lets go', (hand) => hand.press('Escape')],
    [
      'walks by keys',
      async (hand) => {
        await hand.focus('#history .view');
        await hand.press('ArrowRight', 'ArrowRight', 'PageDown');
      },
    ],
    ['lets go again', (hand) => hand.press('Escape')],
  ],
  'switch panels': [
    ['shares over time', (hand) => hand.click('#history [data-show=history_shares]')],
    ['lines', (hand) => hand.click('#history [data-show=history_lines]')],
    ['the stack', (hand) => hand.click('#history [data-show=history]')],
    ['sources by topics', (hand) => hand.click('#sources [data-show=matrix]')],
    ['a source of it', (hand) => hand.click('#matrix .mark-rect path')],
    ['all', (hand) => hand.click('#reset')],
    ['the pie', (hand) => hand.click('#matrix [data-show=sources]')],
    ['the funnel by age', (hand) => hand.click('#funnel [data-show=funnel_ages]')],
    ['the funnel by topic', (hand) => hand.click('#funnel_ages [data-show=funnel_topics]')],
    ['the funnel of people', (hand) => hand.click('#funnel_topics [data-show=people]')],
    ['of one topic', (hand) => hand.choose('#topics', 'Кино')],
    ['the funnel by shows', (hand) => hand.click('#people [data-show=funnel]')],
    ['of all', (hand) => hand.click('#topics .all')],
  ],
  touch: [
    ['shows the funnel by age', (hand) => hand.tap('#funnel [data-show=funnel_ages]')],
    ['what a mark says', (hand) => hand.tap('#funnel_ages .mark-symbol path')],
    ['isolates its age by a second tap', (hand) => hand.tap('#funnel_ages .mark-symbol path')],
    ['all ages', (hand) => hand.tap('#ages .all')],
    ['the funnel by shows', (hand) => hand.tap('#funnel_ages [data-show=funnel]')],
    ['pins a moment', (hand) => hand.tap('#history .view')],
    ['lets go by a second tap', (hand) => hand.tap('#history .view')],
    ['brushes', (hand) => hand.swipe(minute(1, 6), minute(1, 20))],
    ['resets', (hand) => hand.click('#reset')], // what is tapped at once after a swipe may be its end to Chromium
  ],
  'undo and redo': [
    ['an age', (hand) => hand.choose('#ages', '45+')],
    ['and a topic', (hand) => hand.choose('#topics', 'Семья')],
    ['back', (hand) => hand.back()],
    ['forward', (hand) => hand.forward()],
    ['a chip', (hand) => hand.click('#summary .chip')],
    ['Escape', (hand) => hand.press('Escape')],
  ],
  'follow a link': [
    [
      'to a selection',
      (hand) =>
        hand.follow(
          `#from=2019-09-23T10:00&to=2019-09-23T16:00&topics=${encodeURI('Кино,Шоу')}&ages=18-25&funnel=funnel_topics`,
        ),
    ],
    ['to names that are not there', (hand) => hand.follow('#topics=%F0%9F%98%80,x&ages=%E0%A4%A')],
    ['to all', (hand) => hand.follow('#')],
  ],
  'read tables': [
    ['of the history', (hand) => hand.click('#history .sheet summary')],
    ['of sources', (hand) => hand.click('#sources .sheet summary')],
    ['of the funnel', (hand) => hand.click('#funnel .sheet summary')],
    ['of one topic', (hand) => hand.choose('#topics', 'Россия')],
    ['the definitions', (hand) => hand.click('#definitions summary')],
  ],
  'take away': [
    ['CSV of the history', (hand) => hand.take('#history [data-take=csv]')],
    ['CSV of sources', (hand) => hand.take('#sources [data-take=csv]')],
    ['SVG of the funnel', (hand) => hand.take('#funnel [data-take=svg]')],
    ['PNG of the history', (hand) => hand.take('#history [data-take=png]')],
    ['the menu', (hand) => hand.click('#share summary')],
    ['XLSX', (hand) => hand.take('[data-share=xlsx]')],
    ['the view as a file', (hand) => hand.take('[data-share=page]')],
    ['a slide', (hand) => hand.take('[data-share=picture]')],
  ],
  'leave all open, for a copy': [
    ['topics by click rate', (hand) => hand.click('[data-sort=clicks]')],
    ['a group', (hand) => hand.click('#topics .fold')],
    ['lines', (hand) => hand.click('#history [data-show=history_lines]')],
    ['sources by topics', (hand) => hand.click('#sources [data-show=matrix]')],
    ['the funnel by topic', (hand) => hand.click('#funnel [data-show=funnel_topics]')],
    ['a search', (hand) => hand.write('#topics input[type=search]', 'е')],
    ['a moment', (hand) => hand.pin(spike)],
    ['small charts', (hand) => hand.click('.expand')],
  ],
};

/**
 * Goes through all features with a browser.
 *
 * @returns what was seen after each step, and the page as it was left
 */
export async function play(
  engine: Engine,
  url: string,
): Promise<{ steps: Map<string, Seen[]>; left: string }> {
  await open(engine, url, false);
  const hand = new Hand(engine.page);
  const steps = new Map<string, Seen[]>();
  for (const [feature, acts] of Object.entries(features)) {
    const all: Seen[] = [];
    for (const [step, act] of acts) {
      await act(hand).catch((cause: unknown) => {
        throw new Error(`${feature}, ${step}: it could not be done.`, { cause });
      });
      all.push({ step, ...(await look(engine)) });
    }
    steps.set(feature, all);
  }
  const left = await engine.page.evaluate(() => `<!doctype html>\n${document.documentElement.outerHTML}`);
  return { steps, left };
}

/** Filters the page by an age, wherever it is, takes a file from it, and tells what was seen, with all tables. */
export async function visit(engine: Engine, url: string, isFramed = false): Promise<Seen> {
  await open(engine, url, isFramed);
  const hand = new Hand(engine.page);
  await hand.choose('#ages', '45+');
  await hand.take('#sources [data-take=csv]');
  await hand.showTables();
  return { step: 'filters by an age', ...(await look(engine)) };
}
