import { rmSync } from 'node:fs';
import { shared } from './setup.ts';

export default async function teardown(): Promise<void> {
  await shared.zenServer?.stop();
  rmSync(process.env.ZEN_TEST_EMBEDDED ?? '', { recursive: true, force: true });
}
