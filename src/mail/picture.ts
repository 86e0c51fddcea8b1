import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const { resolve } = createRequire(import.meta.url);

let initialised: Promise<unknown> | undefined;

/**
 * Draws an SVG as a PNG of so many pixels' width, on white. Its letters are DejaVu Sans, which has Latin, Cyrillic and Greek ones;
 * no file or address that it names is opened.
 */
export async function drawPng(svg: string, width: number): Promise<Buffer> {
  initialised ??= readFile(resolve('@resvg/resvg-wasm/index_bg.wasm')).then((wasm) => initWasm(wasm));
  await initialised;
  const fonts = await Promise.all(
    ['DejaVuSans', 'DejaVuSans-Bold'].map((name) => readFile(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`))),
  );
  const picture = new Resvg(svg.replace(/font-family="[^"]*"/g, `font-family="${family}"`), {
    background: 'white',
    fitTo: { mode: 'width', value: width },
    font: { fontBuffers: fonts, defaultFontFamily: family, sansSerifFamily: family, serifFamily: family },
  });
  try {
    return Buffer.from(picture.render().asPng());
  } finally {
    picture.free();
  }
}

const family = 'DejaVu Sans';
