/**
 * Waits for all of some promises, even when one of them fails: none of them is still at work afterwards.
 *
 * @throws what the first of them to fail threw: the others may have failed because of it, as in one transaction
 */
export async function inFull<const Promises extends readonly unknown[]>(
  promises: Promises,
): Promise<{ -readonly [At in keyof Promises]: Awaited<Promises[At]> }> {
  const all = Promise.all(promises);
  all.catch(() => undefined); // which is told once nothing is at work any more
  await Promise.allSettled(promises);
  return all;
}
