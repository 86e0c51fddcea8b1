import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import puppeteer from 'puppeteer-core';
import { known } from '../../src/shared/known.ts';
import { openBrowser } from './browser.ts';

/** The browsers by what draws and runs the page in them: Chromium from npm, the two others where the machine has them. */
export const engines = ['Chromium', 'Firefox', 'WebKit'] as const;
export type EngineName = (typeof engines)[number];

/** The page as a scenario needs it of a browser: the part of Playwright's page that Puppeteer's has too, and that WebDriver can do. */
export interface EnginePage {
  goto(url: string): Promise<unknown>;
  /** Runs what is evaluated from then on in the first frame of the page. */
  enter(): Promise<void>;
  evaluate<Result, Given extends unknown[]>(
    script: (...given: Given) => Result | Promise<Result>,
    ...given: Given
  ): Promise<Result>;
  mouse: {
    move(x: number, y: number): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    click(x: number, y: number, times: number): Promise<void>;
  };
  /** Puts a finger down at the first place, draws it through the others, and lifts it. */
  touch(...places: Place[]): Promise<void>;
  keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
}

export type Place = [x: number, y: number];

export interface Engine {
  name: EngineName;
  version: string;
  page: EnginePage;
  /** The messages of the console and of errors; null where the driver does not tell them. */
  said: string[] | null;
  screenshot(): Promise<Buffer>;
  /** Prints the page on A4 as a PDF; null where the driver cannot. */
  print: (() => Promise<Uint8Array>) | null;
  close(): Promise<void>;
}

const size = { width: 1440, height: 900 };
const paper = { preferCSSPageSize: true, printBackground: true };
/** The sheet of page.css, told to Firefox: its driver heeds its own margins and direction. */
const sheet = {
  ...({ format: 'A4', landscape: true } as const),
  margin: { top: '14mm', right: '12mm', bottom: '14mm', left: '12mm' },
};

const firefox = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);
const webkit = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu']
  .map((folder) => join(folder, 'webkit2gtk-4.1/MiniBrowser'))
  .find(existsSync);
const [driver, display] = ['/usr/bin/WebKitWebDriver', '/usr/bin/Xvfb'];

/** Tells in a word what the machine lacks for an engine; null where it has all. */
export function lackOf(name: EngineName): string | null {
  if (name === 'Firefox' && firefox === undefined) return 'firefox-esr';
  if (name === 'WebKit' && !(webkit !== undefined && [driver, display].every(existsSync)))
    return 'webkit2gtk-driver and xvfb';
  return null;
}

export function openEngine(name: EngineName): Promise<Engine> {
  return { Chromium: openChromium, Firefox: openFirefox, WebKit: openWebKit }[name]();
}

async function openChromium(): Promise<Engine> {
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: size });
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  let place: Pick<typeof page, 'evaluate'> = page;
  const devtools = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number }[]) =>
    devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
  return {
    name: 'Chromium',
    version: browser.version(),
    page: {
      goto: (url) => {
        place = page;
        return page.goto(url);
      },
      enter: () => {
        place = known(page.frames()[1]);
        return Promise.resolve();
      },
      evaluate: (script, ...given) => place.evaluate(callOf(script, given)) as never,
      mouse: {
        move: (x, y) => page.mouse.move(x, y),
        down: () => page.mouse.down(),
        up: () => page.mouse.up(),
        click: (x, y, clickCount) => page.mouse.click(x, y, { clickCount }),
      },
      touch: async (...places) => {
        for (const [at, [x, y]] of places.entries())
          await touch(at === 0 ? 'touchStart' : 'touchMove', { x, y });
        await touch('touchEnd');
      },
      keyboard: page.keyboard,
    },
    said,
    screenshot: () => page.screenshot(),
    print: () => page.pdf(paper),
    close: () => browser.close(),
  };
}

async function openFirefox(): Promise<Engine> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: firefox ?? '',
    headless: true,
    defaultViewport: size,
  });
  const page = await browser.newPage();
  await page.bringToFront(); // or no focus ever comes
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  let place: Pick<typeof page, 'evaluate'> = page;
  return {
    name: 'Firefox',
    version: (await browser.version()).replace(/^\D*/, ''),
    page: {
      goto: (url) => {
        place = page;
        return page.goto(url);
      },
      enter: async () => {
        place = await page.waitForFrame((frame) => frame.parentFrame() !== null);
      },
      evaluate: (script, ...given) => place.evaluate(callOf(script, given)) as never,
      mouse: {
        move: (x, y) => page.mouse.move(x, y),
        down: () => page.mouse.down(),
        up: () => page.mouse.up(),
        click: (x, y, count) => page.mouse.click(x, y, { count }),
      },
      touch: async (start, ...places) => {
        await page.touchscreen.touchStart(...start);
        for (const to of places) await page.touchscreen.touchMove(...to);
        await page.touchscreen.touchEnd();
      },
      keyboard: {
        press: (key) => pressInTurn(page.keyboard, key),
        type: (text) => page.keyboard.type(text),
      },
    },
    said,
    screenshot: async () => Buffer.from(await page.screenshot()),
    print: () => page.pdf({ ...paper, ...sheet }),
    close: () => browser.close(),
  };
}

/** A call as text. What tsx has compiled names its inner functions by `__name`, which a page lacks. */
export function callOf(script: (...given: never[]) => unknown, given: unknown[]): string {
  return `((__name) => (${script.toString()})(...${JSON.stringify(given)}))((inner) => inner)`;
}

/** Presses keys that are written as `Shift+ArrowRight`. */
async function pressInTurn(
  keyboard: { down(key: string): Promise<void>; up(key: string): Promise<void> },
  keys: string,
): Promise<void> {
  const names = keys.split('+');
  for (const name of names) await keyboard.down(name);
  for (const name of names.reverse()) await keyboard.up(name);
}

/** The code points that WebDriver has for keys that write nothing. https://www.w3.org/TR/webdriver2/#keyboard-actions */
const keyCodes: Record<string, string> = {
  Escape: '\uE00C',
  Enter: '\uE007',
  Tab: '\uE004',
  Backspace: '\uE003',
  Delete: '\uE017',
  Home: '\uE011',
  End: '\uE010',
  ArrowLeft: '\uE012',
  ArrowUp: '\uE013',
  ArrowRight: '\uE014',
  ArrowDown: '\uE015',
  PageUp: '\uE00E',
  PageDown: '\uE00F',
  Shift: '\uE008',
  Control: '\uE009',
};

/** WebKitGTK's own small browser on a screen of its own, by plain WebDriver. */
async function openWebKit(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'zen-webkit-'));
  const screen = spawn(display, ['-displayfd', '3', '-screen', '0', '1700x1200x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = (await once(screen.stdio[3] as Readable, 'data')) as [Buffer];
  const DISPLAY = `:${number.toString().trim()}`;
  const port = await freePort();
  const server = spawn(driver, [`--port=${port}`], {
    env: {
      ...process.env,
      DISPLAY,
      HOME: folder,
      XDG_RUNTIME_DIR: folder,
      GDK_BACKEND: 'x11',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1', // which draws by OpenGL: without a graphics card, that takes half of the processor time
      LC_ALL: 'C.UTF-8',
    },
    stdio: 'ignore',
  });
  const ask = await connect(`http://127.0.0.1:${port}`);
  const session = (await ask('POST', '/session', {
    capabilities: {
      alwaysMatch: { 'webkitgtk:browserOptions': { binary: webkit, args: ['--automation'] } },
    },
  })) as { sessionId: string; capabilities: { browserVersion: string } };
  const call = (method: string, path: string, body?: object) =>
    ask(method, `/session/${session.sessionId}${path}`, body);
  const act = async (type: 'pointer' | 'key', actions: object[]) => {
    await call('POST', '/actions', { actions: [{ type, id: type, actions }] });
  };
  const evaluate: EnginePage['evaluate'] = (script, ...given) =>
    call('POST', '/execute/sync', { script: `return ${callOf(script, given)}`, args: [] }) as never;
  const moveTo = (x: number, y: number) => ({
    type: 'pointerMove',
    x,
    y,
    duration: 0,
  });
  const [down, up] = [
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ];
  /** Gives the page the size that it has in the other browsers: the window's own bars take some of it. */
  const fitWindow = async () => {
    const { width, height } = (await call('GET', '/window/rect')) as typeof size;
    const inner = await evaluate(() => [innerWidth, innerHeight] as const);
    await call('POST', '/window/rect', {
      width: width + size.width - inner[0],
      height: height + size.height - inner[1],
    });
    await evaluate(
      (width, height) =>
        new Promise<void>((resolve) => {
          const look = () => {
            if (innerWidth !== width || innerHeight !== height) requestAnimationFrame(look);
            else resolve();
          };
          look();
        }),
      size.width,
      size.height,
    );
  };
  return {
    name: 'WebKit',
    version: session.capabilities.browserVersion,
    page: {
      goto: async (url) => {
        await call('POST', '/url', { url });
        await fitWindow();
      },
      enter: async () => {
        await call('POST', '/frame', { id: 0 });
      },
      evaluate,
      mouse: {
        move: (x, y) => act('pointer', [moveTo(x, y)]),
        down: () => act('pointer', [down]),
        up: () => act('pointer', [up]),
        click: (x, y, times) =>
          act('pointer', [moveTo(x, y), ...Array.from({ length: times }, () => [down, up]).flat()]),
      },
      touch: (...places) => evaluate(pretendTouch, places),
      keyboard: {
        press: (keys) =>
          pressInTurn(
            {
              down: (key) => act('key', [{ type: 'keyDown', value: keyCodes[key] ?? key }]),
              up: (key) => act('key', [{ type: 'keyUp', value: keyCodes[key] ?? key }]),
            },
            keys,
          ),
        type: (text) =>
          act(
            'key',
            Array.from(text).flatMap((value) => [
              { type: 'keyDown', value },
              { type: 'keyUp', value },
            ]),
          ),
      },
    },
    said: null,
    print: null,
    screenshot: async () => {
      const { stdout } = await promisify(execFile)(
        'import',
        ['-display', DISPLAY, '-window', 'root', 'png:-'],
        {
          encoding: 'buffer',
          maxBuffer: 1e8,
        },
      );
      return stdout;
    },
    close: async () => {
      await call('DELETE', '');
      for (const child of [server, screen]) await end(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Tells a page what a finger does, in the order of https://www.w3.org/TR/pointerevents3/#the-pointerdown-event: this driver has a mouse alone. */
function pretendTouch(places: Place[]): void {
  const tell = (target: Element | null, types: string[], [clientX, clientY]: Place) => {
    const finger = { pointerType: 'touch', pointerId: 2, isPrimary: true };
    const init = { clientX, clientY, bubbles: true, cancelable: true, composed: true, detail: 1 };
    for (const type of types)
      target?.dispatchEvent(
        type.startsWith('mouse')
          ? new MouseEvent(type, init)
          : new PointerEvent(type, { ...init, ...finger }),
      );
  };
  const [start = [0, 0], ...moves] = places;
  const end = moves.at(-1) ?? start;
  const target = document.elementFromPoint(...start); // keeps the finger until it is lifted
  tell(target, ['pointerover', 'pointerdown'], start);
  for (const to of moves) tell(target, ['pointermove'], to);
  tell(target, ['pointerup', 'pointerout', 'pointerleave'], end);
  if (moves.length === 0) tell(target, ['mouseover', 'mousemove', 'mousedown', 'mouseup', 'click'], end);
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill();
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Ask = (method: string, path: string, body?: object) => Promise<unknown>;

/** Waits until a driver answers, and gives what asks it. */
async function connect(url: string): Promise<Ask> {
  const ask: Ask = async (method, path, body) => {
    const answer = await fetch(url + path, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = (await answer.json()) as { value: { error?: string; message?: string } };
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  const until = performance.now() + 20_000;
  for (;;)
    try {
      await ask('GET', '/status');
      return ask;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
