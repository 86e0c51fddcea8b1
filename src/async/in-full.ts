/**
 * Waits for all of some promises, even when one of them fails: none of them is still at work afterwards.
 *
 * @throws what the first of them in order threw
 */
export async function inFull<const Promises extends readonly unknown[]>(
  promises: Promises,
): Promise<{ -readonly [At in keyof Promises]: Awaited<Promises[At]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
