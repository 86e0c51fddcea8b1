import { expect, test } from '@jest/globals';
import { inFull } from '../src/async/in-full.ts';

/** A promise, and how to end it. */
function open(): { promise: Promise<string>; end: (result: string) => void; fail: (why: string) => void } {
  let [resolve, reject]: [(result: string) => void, (error: Error) => void] = [
    () => undefined,
    () => undefined,
  ];
  const promise = new Promise<string>((...ends) => {
    [resolve, reject] = ends;
  });
  return {
    promise,
    end: resolve,
    fail: (why) => {
      reject(new Error(why));
    },
  };
}

test('the results come in order', async () => {
  const [one, other] = [open(), open()];
  const all = inFull([one.promise, other.promise, 3]);
  other.end('b');
  one.end('a');
  expect(await all).toEqual(['a', 'b', 3]);
});

test('what failed first is told, and not before all have ended', async () => {
  const [one, other, third] = [open(), open(), open()];
  let told = '';
  const all = inFull([one.promise, other.promise, third.promise]).catch((error: unknown) => {
    told = String(error);
  });
  other.fail('the cause');
  one.fail('a consequence');
  await Promise.allSettled([one.promise, other.promise]);
  expect(told).toBe('');
  third.end('c');
  await all;
  expect(told).toBe('Error: the cause');
});
