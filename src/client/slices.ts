/** Milliseconds that a slice of work in the background takes, and no step of it may exceed. */
const sliceMs = 12;

/** Does work in small steps. It gives way to the reader after each slice. */
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

/** Lets the browser do what it has to: a timer would have it wait for four milliseconds. */
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
