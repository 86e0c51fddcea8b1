/** The milliseconds that a slice of background work takes, and that none of its steps may exceed. */
const sliceMs = 12;

/** Does work in small steps, and yields to the reader after each slice. */
export async function inSlices<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  let begun = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - begun < sliceMs) continue;
    await giveWay();
    begun = performance.now();
  }
}

/** Yields to the browser; a timer would delay it by four milliseconds. */
function giveWay(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
