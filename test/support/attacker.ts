import { eachCell } from '../../src/shared/data/cells.ts';
import type { Cells } from '../../src/shared/data/cells.ts';
import { namesOf } from '../../src/shared/data/payload.ts';
import type { Payload } from '../../src/shared/data/payload.ts';
import { People } from '../../src/shared/people/bounds.ts';
import { cellsOf } from './payload.ts';

/** The secret that the attacker is after: how many different people a card topic × an age × a kind of event has. */
export interface Target {
  topic: string;
  age: string;
  event: string;
}

/** Ways to a number that the page does not tell; null where the page has nothing to begin with. */
export type Attack = (target: Target) => number | null;

/**
 * Somebody who has a page and nothing else, but knows how zen merges, and what a topic and an age are called. Each attack takes away from a
 * number of more groups what the page tells of the others.
 */
export function attacks(page: Payload): Record<string, Attack> {
  const { events, people, start, end } = page;
  const [items, ages] = [namesOf(page, 'item_topic'), namesOf(page, 'age_segment')];
  const [visits, engagement] = [cellsOf(page, 'visits'), cellsOf(page, 'engagement')];
  const period: [number, number] = [start, end];
  const half: [number, number] = [start, start + Math.floor((end - start) / 120_000) * 60_000];
  const counter = people && new People(people, period);
  const others = { topic: 'other topics', age: 'all other ages' };
  const count = (kind: number, topic: string | null, age: string | null, of = period) => {
    const [topics, own] = [
      topic === null ? null : [items.indexOf(topic)],
      age === null ? null : [ages.indexOf(age)],
    ];
    const parts = counter?.count(kind, { topics, ages: own, period: of }) ?? [];
    return [parts.reduce((sum, { low }) => sum + low, 0), parts.reduce((sum, { high }) => sum + high, 0)] as [
      number,
      number,
    ];
  };
  const kindOf = ({ event }: Target) => events.findIndex((step) => step.event === event);
  const blockOf = ({ topic, age }: Target): [string, string] => {
    const own = items.includes(topic) ? topic : others.topic;
    return [own, hasCell(engagement, items.indexOf(own), ages.indexOf(age)) ? age : others.age];
  };
  const told = (topic: string) =>
    ages.filter((age) => age !== others.age && hasCell(engagement, items.indexOf(topic), ages.indexOf(age)));
  const rows = (cells: Cells, [topic, age]: [string, string], last: number | null) =>
    [...eachCell(cells)].filter(
      ({ codes }) =>
        codes[0] === items.indexOf(topic) &&
        codes[1] === ages.indexOf(age) &&
        (last === null || codes[2] === last),
    );
  const sum = (cells: ReturnType<typeof rows>) =>
    cells.reduce((all, { values }) => all + Array.from(values).reduce((a, b) => a + b, 0), 0);
  const most = (cells: ReturnType<typeof rows>) =>
    Math.max(0, ...cells.flatMap(({ values }) => Array.from(values)));
  return {
    'the rest of a topic': (target) => {
      const [topic] = blockOf(target);
      const rest = told(topic).map((age) => count(kindOf(target), topic, age)[1]);
      return count(kindOf(target), topic, null)[0] - rest.reduce((all, users) => all + users, 0);
    },
    'the rest of an age': (target) => {
      if (!ages.includes(target.age)) return null;
      const rest = items
        .filter((item) => item !== others.topic)
        .map((item) => count(kindOf(target), item, target.age)[1]);
      return count(kindOf(target), null, target.age)[1] - rest.reduce((all, users) => all + users, 0);
    },
    'the least that is told of what is merged': (target) => count(kindOf(target), ...blockOf(target))[0],
    'the most that is told of what is merged': (target) => count(kindOf(target), ...blockOf(target))[1],
    'either of two kinds, less one': (target) => {
      const [topic] = blockOf(target);
      const either = events.length + (target.event === 'view' ? 1 : 0);
      return count(either, topic, null)[0] - count(kindOf({ ...target, event: 'show' }), topic, null)[1];
    },
    'one half of the period, less the other': (target) => {
      const [topic] = blockOf(target);
      return count(kindOf(target), topic, null)[0] - count(kindOf(target), topic, null, half)[1];
    },
    'users summed over the minutes of what is merged': (target) =>
      sum(rows(engagement, blockOf(target), kindOf(target))),
    'the busiest minute of what is merged': (target) =>
      most(rows(engagement, blockOf(target), kindOf(target))),
    'events that no kind accounts for': (target) =>
      sum(rows(visits, blockOf(target), null)) -
      events.reduce(
        (all, _, kind) => all + (kind === kindOf(target) ? 0 : sum(rows(engagement, blockOf(target), kind))),
        0,
      ),
    'the share of a member': (target) => {
      const [topic] = blockOf(target);
      const members = ages.length > 1 ? 7 - told(topic).length : 6;
      return count(kindOf(target), ...blockOf(target))[0] / members;
    },
  };
}

function hasCell(cells: Cells, topic: number, age: number): boolean {
  return cells.codes[0]?.some((code, cell) => code === topic && cells.codes[1]?.[cell] === age) ?? false;
}
