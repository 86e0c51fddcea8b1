/**
 * Flags of V8 for a process that ends within seconds: its code is optimised late, and its WebAssembly not at all. What the optimising
 * compilers cost seldom comes back. What V8 12 renamed, it refuses by its former name.
 */
export const flags = [
  ...['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'],
  process.versions.v8.startsWith('11.')
    ? '--interrupt-budget=1000000'
    : '--invocation-count-for-turbofan=45000',
];
