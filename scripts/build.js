// Bundles the command line (dist/zen.js) and the page's script (dist/client.js).
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const shared = { bundle: true, logLevel: 'warning', absWorkingDir: root };

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true });
await Promise.all([
  build({
    ...shared,
    entryPoints: { zen: './src/cli/main.ts' },
    outdir: 'dist',
    splitting: true,
    chunkNames: '[name]-[hash]',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    sourcemap: true,
  }),
  build({
    ...shared,
    entryPoints: ['./src/client/main.ts'],
    outfile: 'dist/client.js',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    format: 'iife',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
  }),
]);
