// Bundles the command line (dist/zen.js), with the driver of a server in a file of its own, as its ten files take long to load (it is in
// the public domain); the page's script (dist/client.js), with the licences of what is in it; and the page's style without its comments
// (dist/page.css).
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const vega = JSON.parse(await readFile(join(root, 'node_modules/vega/package.json'), 'utf8'));
const shared = { bundle: true, logLevel: 'warning', absWorkingDir: root };

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true });
const main = join(root, 'src/cli/main.ts');
const commands = {
  ...shared,
  entryPoints: { zen: main },
  outdir: 'dist',
  splitting: true,
  chunkNames: '[name]-[hash]',
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  alias: { postgres: './node_modules/postgres/src/index.js' },
  minifyWhitespace: true,
  sourcemap: true,
  metafile: true,
};
const { metafile } = await build({ ...commands, write: false });
const entries = Object.values(metafile.outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
const [, page] = await Promise.all([
  build({ ...commands, plugins: [startInOneFile(entries.map((entry) => join(root, entry)))] }),
  build({
    ...shared,
    entryPoints: ['./src/client/main.ts'],
    outfile: 'dist/client.js',
    platform: 'browser',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    format: 'iife',
    alias: { vega: './src/client/vega.ts', 'vega-lite': './src/client/vega.ts' },
    define: { vegaVersion: JSON.stringify(vega.version) },
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
  }),
  build({
    ...shared,
    entryPoints: ['./templates/page.css'],
    outfile: 'dist/page.css',
    minifyWhitespace: true,
    charset: 'utf8',
  }),
]);

await writeFile(
  new URL('../dist/notices.txt', import.meta.url),
  await notices(Object.keys(page.metafile.inputs)),
);

/**
 * Puts all that each start of zen needs into one file, as a file costs Node about a millisecond to find and load. Files that the same
 * entries reach share a chunk, so that each entry, such as that of a command, is made to reach the start.
 */
function startInOneFile(entries) {
  const later = new Set(entries.filter((entry) => entry !== main));
  return {
    name: 'start-in-one-file',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!later.has(path)) return undefined;
        return { contents: `${await readFile(path, 'utf8')}\nimport ${JSON.stringify(main)};`, loader: 'ts' };
      });
    },
  };
}

/**
 * The licence of each package that files of the bundle come from; packages with the same text share it. The file of vega-embed
 * holds two others.
 */
async function notices(files) {
  const { resolve } = createRequire(import.meta.resolve('vega-embed'));
  const within = ['fast-json-patch', 'semver'].map((name) =>
    relative(root, dirname(resolve(`${name}/package.json`))),
  );
  const folders = new Set([
    ...within,
    ...files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  ]);
  const texts = new Map();
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const file = (await readdir(join(root, folder))).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no file with its licence (${license}).`);
    const text = (await readFile(join(root, folder, file), 'utf8')).trim();
    texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
  }
  return [...texts]
    .map(([text, names]) => `${names.join(', ')}\n\n${text}\n`)
    .join(`\n${'-'.repeat(72)}\n\n`);
}
