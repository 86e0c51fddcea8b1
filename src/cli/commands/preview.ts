import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { environment, resolveTarget } from '../../config.ts';
import type { Session } from '../../db/database.ts';
import { hasTable } from '../../db/tables.ts';
import { messageOf, ZenError } from '../../errors.ts';
import { extensible } from '../../files.ts';
import { listAggregates } from '../../log/aggregates.ts';
import type { Project } from '../../project/project.ts';
import type { Live } from '../../render/live.ts';
import type { Content } from '../../render/render.ts';
import { onInterrupt, openSafely } from '../run.ts';
import { Terminal } from '../terminal.ts';
import type { Streams } from '../terminal.ts';
import { periodOf } from './render.ts';
import type { RenderFlags } from './render.ts';

export interface PreviewFlags extends RenderFlags {
  /** Without one, any that is free. */
  port?: number;
  open?: boolean;
}

/** The settings in force of a preview, and the way to read them again. */
export interface Sight {
  flags: PreviewFlags;
  project: Project | undefined;
  /** Reads zen.json and the project's files again. @throws ZenError `usage` for a mistake in them */
  reread: () => Promise<Sight>;
}

/** Milliseconds in which an editor finishes writing a file. */
const settled = 20;

/**
 * The extra script of a served page. It shows what the server says has changed; what it cannot show in the open page has it load anew.
 * Rules that are set by script need no leave of the policy.
 */
function writeHook(edition: number): string {
  return `new EventSource('/changes?${edition}').onmessage = ({ data }) => {
    const { style, charts } = JSON.parse(data);
    if (charts === undefined || document.documentElement.dataset.zen !== 'ready') return location.reload();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.styleSheets[0].disabled = true;
    document.adoptedStyleSheets = [sheet];
    document.dispatchEvent(new CustomEvent('zen-edit', { detail: charts }));
  };`;
}

/**
 * Serves the page of a project on the loopback address, and shows each change of its files: a mistake in them stands in the place of the
 * page. Nothing is written. What the statements of new and edited aggregates make is read from the log.
 *
 * @returns when it is interrupted
 */
export async function runPreview(sight: Sight, streams?: Streams): Promise<void> {
  const { project } = sight;
  const terminal = new Terminal({ quiet: sight.flags.quiet === true }, streams);
  if (!project)
    throw new ZenError('usage', 'There is no project here to preview: make one with zen init <folder>.');
  const pages = new Preview(sight);
  let page = await pages.render(true);
  let edition = Date.now();
  if (page instanceof ZenError && page.failure !== 'usage') throw page;
  const readers = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    // A page of elsewhere may not read this one by a name of its own for this address.
    const isOurs = /^(127\.0\.0\.1|localhost):\d+$/.test(request.headers.host ?? '');
    const [path, query] = request.url?.split('?') ?? [];
    if (isOurs && path === '/changes') {
      response
        .writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
        .flushHeaders();
      if (query !== String(edition)) response.write('data: {}\n\n'); // it was loaded before the last change
      readers.add(response);
      response.on('close', () => readers.delete(response));
    } else if (isOurs && path === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
      response.end(
        page instanceof Error ? writeMistake(page, edition) : addHook(page.html.toString(), edition),
      );
    } else response.writeHead(404).end();
  });
  const failed = once(server, 'error').then(([error]) => {
    throw new ZenError('failed', `The preview cannot be served: ${messageOf(error)}. Choose another --port.`);
  });
  await Promise.race([once(server.listen(sight.flags.port ?? 0, '127.0.0.1'), 'listening'), failed]);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const tell = () => {
    if (page instanceof Error) terminal.note(messageOf(page));
  };
  terminal.print(url);
  tell();
  if (sight.flags.open) openBrowser(url);
  await new Promise<void>((stop) => {
    const close = watchProject(project.folder, async (isRead) => {
      page = await pages.render(isRead);
      edition++;
      tell();
      const change = page instanceof Error ? {} : page.change;
      for (const reader of readers) reader.write(`data: ${JSON.stringify(change)}\n\n`);
    });
    onInterrupt(() => {
      close();
      stop();
    });
  });
  for (const reader of readers) reader.end();
  server.closeAllConnections();
  server.close();
}

/** Makes the page. If only its looks and charts have changed, it uses what was read before. */
class Preview {
  #sight: Sight;
  #content: Content | undefined;
  /** The parts of the page before; undefined if that was a mistake, or had other rows. */
  #live: Live | undefined;
  /** The hashes of the statements that the tables are of. */
  #made: Map<string, string> | undefined;

  constructor(sight: Sight) {
    this.#sight = sight;
  }

  /**
   * @param isRead the rows are to be read again
   * @returns with the page, what an open one of before has to take up; nothing where it has to load anew
   */
  async render(isRead: boolean): Promise<{ html: Buffer; change: object } | Error> {
    const before = isRead ? undefined : this.#live;
    this.#live = undefined;
    try {
      if (this.#made) this.#sight = await this.#sight.reread();
      if (isRead || !this.#content) this.#content = await this.#read();
      const { flags } = this.#sight;
      const { render } = await import('../../render/render.ts');
      const { html, charts } = await render(
        noDatabase,
        { ...flags },
        Date.now(),
        () => undefined,
        this.#content,
      );
      const { describeLive, findChange } = await import('../../render/live.ts');
      this.#live = describeLive(charts);
      return { html, change: (before && findChange(before, this.#live)) ?? {} };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #read(): Promise<Content> {
    const { flags } = this.#sight;
    this.#content = undefined;
    const { readContent } = await import('../../render/render.ts');
    const target = resolveTarget(flags.database, environment());
    const db = await openSafely(target, { existing: true, wait: flags.wait ?? 0 });
    try {
      return await db.transaction(
        async (session: Session) => {
          const all = listAggregates();
          if (!this.#made) {
            this.#made = new Map();
            for (const { name, table, hash } of all)
              if (await hasTable(session, table)) this.#made.set(name, hash);
          }
          const unmade = all.filter(({ name, hash }) => this.#made?.get(name) !== hash);
          const options = { ...flags, ...periodOf(flags), unmade: unmade.map(({ name }) => name) };
          return readContent(session, options, Date.now());
        },
        { snapshot: 'read only' },
      );
    } finally {
      await db.close();
    }
  }
}

/** Everything is read when a page is drawn. */
const noDatabase = {
  demand: () => undefined,
  transaction: () => Promise.reject(new Error('A preview reads before it draws.')),
};

/** The permission for a script, and to ask the server. */
function permit(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `connect-src 'self'; script-src 'sha256-${hash}'`;
}

/** Adds the hook to a served page, and the permission for it to the policy. Nothing else differs from the file. */
function addHook(html: string, edition: number): string {
  const hook = writeHook(edition);
  const end = html.lastIndexOf('</body>');
  const hooked = `${html.slice(0, end)}<script>${hook}</script>${html.slice(end)}`;
  return hooked.replace('script-src', permit(hook));
}

function writeMistake(error: Error, edition: number): string {
  const text = messageOf(error).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const hook = writeHook(edition);
  return (
    `<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; ${permit(hook)}">` +
    `<meta name="color-scheme" content="light dark"><title>zen preview</title><body><h1>Not drawn</h1>` +
    `<p id="mistake">${text}</p><script>${hook}</script></body></html>`
  );
}

/**
 * Calls back after files of a project have changed, one at a time.
 *
 * @returns what ends it
 */
function watchProject(folder: string, onChange: (isRead: boolean) => Promise<void>): () => void {
  const parts = [...new Set(['', ...Object.keys(extensible).flatMap((part) => [dirname(part), part])])];
  const watched = new Map<string, { close(): void }>();
  let timer: NodeJS.Timeout | undefined;
  let [isRead, isAtWork] = [false, false];
  const work = async () => {
    if (isAtWork) return;
    isAtWork = true;
    look();
    const wasRead = isRead;
    isRead = false;
    await onChange(wasRead);
    isAtWork = false;
  };
  const look = () => {
    for (const part of parts.filter((each) => !watched.has(each) && existsSync(join(folder, each)))) {
      const watcher = watch(join(folder, part), (_, name) => {
        const path = join(part, name ?? '');
        if (!/^(zen\.json|sql\b|templates\b|checks\b)/.test(path)) return; // of a database, or an editor
        isRead ||= /^(zen\.json|sql\b|templates.locales)/.test(path);
        clearTimeout(timer);
        timer = setTimeout(again, settled);
      });
      watcher.on('error', () => watched.delete(part)); // the folder has gone
      watched.set(part, watcher);
    }
  };
  const again = () => {
    if (isAtWork) timer = setTimeout(again, settled);
    else void work();
  };
  look();
  return () => {
    clearTimeout(timer);
    for (const watcher of watched.values()) watcher.close();
  };
}

/** Opens a page as the desktop does. Without a desktop, the printed URL is enough. */
function openBrowser(url: string): void {
  const programs: Partial<Record<NodeJS.Platform, string[]>> = {
    darwin: ['open', url],
    win32: ['cmd', '/c', 'start', '', url],
  };
  const [program = '', ...args] = programs[process.platform] ?? ['xdg-open', url];
  spawn(program, args, { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
