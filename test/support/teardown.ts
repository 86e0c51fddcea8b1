import { rmSync } from 'node:fs';
import { shared } from './setup.ts';

export default async function teardown(): Promise<void> {
  await Promise.all([shared.zenServer?.stop(), shared.zenBrowser?.close()]);
  rmSync(process.env.ZEN_TEST_EMBEDDED ?? '', { recursive: true, force: true });
}
