import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import type { Browser, BrowserServer } from 'playwright-core';

interface Program {
  path: string;
  env: Record<string, string>;
}

/** The browser to test with: `ZEN_TEST_CHROMIUM`, one that is installed, or the one of the package @sparticuz/chromium. */
export async function findBrowser(): Promise<Program> {
  const installed = [process.env.ZEN_TEST_CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
    existsSync,
  );
  return installed ? { path: installed, env: {} } : unpackBrowser();
}

const cache = resolve('node_modules/.cache/zen-chromium');

/** The package unpacks into the folder of temporary files; here that is one of ours, used from then on. */
async function unpackBrowser(): Promise<Program> {
  if (!existsSync(cache)) {
    const draft = `${cache}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    const before = process.env.TMPDIR;
    // Says that the machine lacks the libraries nss and nspr, so that the package's own are unpacked too.
    Object.assign(process.env, { TMPDIR: draft, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' });
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(cache, { recursive: true, force: true });
    renameSync(draft, cache);
  }
  const fonts = join(cache, 'fonts');
  writeFileSync(join(fonts, 'fonts.conf'), fontConfig(fonts));
  const libraries = join(cache, 'al2023/lib');
  return { path: join(cache, 'chromium'), env: { FONTCONFIG_PATH: fonts, LD_LIBRARY_PATH: libraries } };
}

/** The oldest browser that the page is for: Chromium 109, the last one for Windows 7 and 8.1. It runs with the newer one's libraries. */
export async function findOldest(): Promise<Program> {
  const path = `${cache}-109`;
  if (!existsSync(path)) {
    const folder = dirname(createRequire(import.meta.url).resolve('chromium-109/package.json'));
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, brotliDecompressSync(readFileSync(join(folder, 'bin/chromium.br'))), {
      mode: 0o755,
    });
    renameSync(draft, path);
  }
  const { env } = await unpackBrowser();
  return { path, env };
}

function fontConfig(folder: string): string {
  const folders = [folder, '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`).join('');
  return `<?xml version="1.0"?><fontconfig>${folders}<cachedir>${join(folder, 'cache')}</cachedir></fontconfig>`;
}

/** The browser of all tests, which `setup` starts: each file has contexts of its own in it. */
export function openBrowser(): Promise<Browser> {
  return chromium.connect(process.env.ZEN_TEST_BROWSER ?? '');
}

/** @param flags for V8 */
export function serveBrowser(program: Program, flags: readonly string[] = []): Promise<BrowserServer> {
  const { args, ...others } = options(program);
  return chromium.launchServer({ ...others, args: [...args, `--js-flags=${flags.join(',')}`] });
}

export function launchBrowser(program: Program): Promise<Browser> {
  return chromium.launch(options(program));
}

function options({ path, env }: Program) {
  return {
    executablePath: path,
    env: { ...(process.env as Record<string, string>), ...env },
    args: ['--no-sandbox', '--disable-gpu'],
  };
}
