import { expect, test } from '@jest/globals';
import { mulberry32 } from '../fixtures/random.ts';
import { finish } from '../src/shared/data/cells.ts';
import { scanCourses } from '../src/shared/spikes.ts';

const perDay = 288;
const names = 25;
type Random = () => number;

/** A number of events where `mean` are to be expected (Knuth's way, in pieces that it can do). */
function poisson(random: Random, mean: number): number {
  let count = 0;
  for (let left = mean; left > 0; left -= 30) {
    const end = Math.exp(-Math.min(left, 30));
    for (let product = random(); product > end; product *= random()) count++;
  }
  return count;
}

/**
 * Days of steps of 5 minutes. Names are of very different sizes, each with hours of its own beside those that all have, and its events come
 * in visits of one to a dozen.
 */
function invent(random: Random, days: number): number[][] {
  return Array.from({ length: names }, (_, name) => {
    const [size, hour, swing] = [60 / (1 + name), 24 * random(), 0.6 * random()];
    return Array.from({ length: days * perDay }, (__, at) => {
      const time = (24 * at) / perDay;
      const wave = (peak: number) => Math.cos((2 * Math.PI * (time - peak)) / 24);
      const visits = poisson(random, (size / 2) * (1.1 + wave(20)) * (1 + swing * wave(hour)));
      let events = 0;
      for (let visit = 0; visit < visits; visit++) for (events++; random() < 0.5 && events < 1e6;) events++;
      return events;
    });
  });
}

test('no more than one caption stands on 30 quiet days', () => {
  const random = mulberry32(26);
  let captions = 0;
  for (let day = 0; day < 30; day++) captions += finish(scanCourses(invent(random, 1), perDay, 36)).length;
  expect(captions).toBeLessThanOrEqual(1);
});

test('of 200 planted spikes, at least 190 come first', () => {
  const random = mulberry32(200);
  let first = 0;
  for (let time = 0; time < 200; time++) {
    const courses = invent(random, time % 20 === 0 ? 3 : 1);
    const name = Math.floor(random() * names);
    const course = courses[name] ?? [];
    const from = Math.floor(random() * (course.length - 12));
    const length = 1 + Math.floor(6 * random());
    const height = 60 + 240 * random();
    for (let at = from; at < course.length; at++) {
      const isIn = at < from + length;
      const fading = isIn ? 1 : Math.exp((from + length - 1 - at) / length);
      course[at] = (course[at] ?? NaN) + poisson(random, height * fading);
    }
    const [best] = finish(scanCourses(courses, perDay, 36)).sort((a, b) => b.score - a.score);
    if (best?.name === name && Math.abs(best.from - from) <= 1) first++;
  }
  expect(first).toBeGreaterThanOrEqual(190);
});
