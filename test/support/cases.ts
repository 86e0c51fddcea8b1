const { ZEN_TEST_CASES } = process.env;
if (ZEN_TEST_CASES !== undefined && ZEN_TEST_CASES !== 'all')
  throw new Error(`ZEN_TEST_CASES is “${ZEN_TEST_CASES}”: it may be all, or not set.`);

/** All cases are tried: `npm run test:all`. */
export const isAll = ZEN_TEST_CASES === 'all';

/**
 * Random or repeated cases of a test: unless all are tried, a tenth of them.
 *
 * @param least as few as that still show what the test is about
 */
export function cases(full: number, least = 5): number {
  return isAll ? full : Math.min(full, Math.max(least, Math.ceil(full / 10)));
}
