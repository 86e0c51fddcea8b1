import { setTimeout as pause } from 'node:timers/promises';

/** Asks until it is so. Between two questions, the processor is left to what is waited for. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(2);
}
