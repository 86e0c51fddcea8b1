import { describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZenError } from '../src/errors.ts';
import { compressionOf, decompress } from '../src/restore/compression/decompress.ts';
import type { Compression } from '../src/restore/formats/toc.ts';
import { openBackup } from '../src/restore/formats/detect.ts';
import { temporaryFolder } from './support/databases.ts';
import { lz4Frame, skippableFrame, zstdFrame } from './support/frames.ts';

const folder = 'fixtures/formats/';
const table = readFileSync(`${folder}comma.csv`);
const long = Buffer.concat(new Array<Buffer>(5).fill(table));
const text = Buffer.from('18-25\tshow\tНаука\n');
const skipped = skippableFrame(Buffer.from('made by a test'));

/** In chunks of a few bytes, so that each field is torn somewhere. */
async function inflated(
  bytes: Buffer,
  compression: Compression = compressionOf(bytes),
  size = 7,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of decompress(cut(bytes, size), compression, 'log.csv')) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** A block of lz4: all literals, which must be fewer than 15. */
const literals = (data: string) => Buffer.concat([Buffer.of(data.length << 4), Buffer.from(data)]);

/** A block of lz4: a few bytes, then those `offset` bytes back, `length` of them, then an end. */
const match = (data: string, offset: number, length: number) =>
  Buffer.concat([
    Buffer.of((data.length << 4) + length - 4),
    Buffer.from(data),
    Buffer.of(offset & 255, offset >> 8, 0x10),
    Buffer.from('!'),
  ]);

describe('what was compressed comes out again:', () => {
  const compressed = { lz4: 'comma.csv.lz4', zstd: 'comma.csv.zst' } as const;
  const read = (name: string) => readFileSync(folder + name);

  test.each(Object.entries(compressed))('%s, frame after frame, others passed over', async (method, name) => {
    const bytes = Buffer.concat([skipped, read(name), skipped, skipped, read(name), skipped]);
    expect(compressionOf(read(name))).toBe(method);
    expect(await inflated(bytes, method as Compression)).toEqual(Buffer.concat([table, table]));
  });

  const cases: [string, Buffer, Buffer][] = [
    ['lz4 with linked blocks', read('linked.lz4'), long],
    ['lz4 with independent blocks', read('independent.lz4'), long],
    ['lz4 with stored blocks and all checksums', lz4Frame([text], { stored: true, content: text }), text],
    ['lz4 without blocks', lz4Frame([]), Buffer.alloc(0)],
    ['lz4 with an empty block', lz4Frame([literals('')]), Buffer.alloc(0)],
    [
      'lz4 with a match in the block before',
      lz4Frame([literals('abcdef'), match('', 6, 5)], { linked: true }),
      Buffer.from('abcdefabcde!'),
    ],
    ['lz4 with a match that runs into itself', lz4Frame([match('ab', 2, 9)]), Buffer.from('abababababa!')],
    ['zstd with several blocks', zstdFrame([text, Buffer.alloc(0), text]), Buffer.concat([text, text])],
    ['zstd with an empty frame', zstdFrame([Buffer.alloc(0)]), Buffer.alloc(0)],
    ['zstd with a window of 128 MB', zstdFrame([text], { window: 27 }), text],
  ];

  test.each(cases)('%s', async (_, bytes, content) => {
    expect(await inflated(bytes)).toEqual(content);
    expect(await inflated(bytes, compressionOf(bytes), 1 << 16)).toEqual(content);
  });

  test('a file that starts with a frame to be passed over, as pzstd writes it, is told by the next', () => {
    expect(compressionOf(Buffer.concat([skipped, zstdFrame([text])]))).toBe('zstd');
    expect(compressionOf(Buffer.concat([skipped, lz4Frame([text])]))).toBe('lz4');
    expect(compressionOf(skipped)).toBe('none');
  });
});

test.each(['comma.csv.lz4', 'comma.csv.zst'])(
  '%s behind long frames to be passed over is read',
  async (name) => {
    const path = join(temporaryFolder(), name);
    const long = skippableFrame(Buffer.alloc(100_000, 'x'));
    writeFileSync(path, Buffer.concat([long, skipped, long, readFileSync(folder + name)]));
    const backup = await openBackup(path);
    const pieces: Buffer[] = [];
    for await (const piece of backup.rows(await backup.find('log_raw'))) pieces.push(piece);
    await backup.close();
    expect(Buffer.concat(pieces).toString().split('\n').length).toBeGreaterThan(10);
  },
);

test('a frame to be passed over that is longer than the file is a sentence', async () => {
  const path = join(temporaryFolder(), 'log.csv.zst');
  writeFileSync(path, skippableFrame(Buffer.alloc(9000)).subarray(0, 8000));
  await expect(openBackup(path)).rejects.toThrow('log.csv.zst ends too early, at byte 8000');
});

describe('what is damaged is a sentence:', () => {
  const zstd = readFileSync(`${folder}comma.csv.zst`);
  const lz4 = readFileSync(`${folder}linked.lz4`);
  const flip = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    const place = at < 0 ? copy.length + at : at;
    copy.writeUInt8(copy.readUInt8(place) ^ 1, place);
    return copy;
  };

  const cases: [string, Buffer, RegExp][] = [
    ['zstd with a wrong checksum', flip(zstd, -1), /inflated, its checksum is wrong\. Copy it again\.$/],
    ['zstd followed by something else', Buffer.concat([zstd, text]), /what follows is not zstd/],
    [
      'zstd with a window of 256 MB',
      zstdFrame([text], { window: 28 }),
      /^log\.csv needs a window of more than 128 MB\. Compress/,
    ],
    ['zstd with a window of 1 TB', zstdFrame([text], { window: 40 }), /more than 128 MB/],
    [
      'zstd that takes a dictionary',
      Buffer.concat([zstd.subarray(0, 4), Buffer.of(1, 0, 7, 1, 0, 0)]),
      /^log\.csv needs a dictionary\./,
    ],
    ['lz4 with a wrong checksum of its content', flip(lz4, -1), /a checksum is wrong/],
    ['lz4 with a wrong checksum of its header', flip(lz4, 6), /a checksum is wrong/],
    ['lz4 with a wrong checksum of a block', flip(lz4, 100), /a checksum is wrong/],
    ['lz4 followed by something else', Buffer.concat([lz4, text]), /what follows is not a frame of lz4/],
    [
      'lz4 of another version',
      Buffer.concat([lz4.subarray(0, 4), Buffer.of(0x80, 0x40, 0, 0)]),
      /unknown version/,
    ],
    [
      'lz4 that takes a dictionary',
      Buffer.concat([lz4.subarray(0, 4), Buffer.of(0x41, 0x40, 0, 0)]),
      /^log\.csv needs a dictionary\./,
    ],
    ['lz4 with a block that is too long', lz4Frame([Buffer.alloc(70_000)]), /a block of 70000 bytes/],
    ['lz4 with a match before the beginning', lz4Frame([match('ab', 3, 4)]), /a block is broken/],
    [
      'lz4 with a match into a block it is not linked to',
      lz4Frame([literals('abcdef'), match('', 6, 4)]),
      /broken/,
    ],
    ['lz4 with a match of offset 0', lz4Frame([match('ab', 0, 4)]), /broken/],
    ['lz4 with fewer literals than it says', lz4Frame([Buffer.of(0x30, 1)]), /broken/],
    ['lz4 with a length that does not end', lz4Frame([Buffer.of(0xf0, 255, 255)]), /broken/],
    ['lz4 with a block that ends in a match', lz4Frame([Buffer.of(0x10, 65, 1, 0)]), /broken/],
    ['lz4 with another length than it says', lz4Frame([text], { stored: true, content: long }), /bytes, not/],
  ];

  test.each(cases)('%s', async (_, bytes, message) => {
    await expect(inflated(bytes)).rejects.toThrow(ZenError);
    await expect(inflated(bytes)).rejects.toThrow(message);
  });

  test.each([
    ['zstd', zstd],
    ['lz4', lz4],
  ] as const)('%s, cut anywhere', async (method, bytes) => {
    for (let length = 1; length < bytes.length; length += 1 + Math.floor(length / 50)) {
      const short = inflated(bytes.subarray(0, length), method, 1 << 16);
      await expect(short).rejects.toThrow(/ends too early/);
    }
  });
});

describe('a bomb does not grow the memory:', () => {
  test('a file of 8 kB that is one row of 256 MB', async () => {
    const path = join(temporaryFolder(), 'bomb.csv');
    writeFileSync(path, zstdFrame(new Array<Buffer>(2048).fill(Buffer.of(48)), { repeated: 1 << 17 }));
    const backup = await openBackup(path);
    await expect(backup.find('log_raw')).rejects.toThrow(/a row is longer than 64 MB/);
    await backup.close();
  });

  const block = Buffer.concat([Buffer.of(0x1f, 48, 1, 0), Buffer.alloc(16_400, 255), Buffer.of(0, 0x10, 48)]);
  const bombs: [string, Buffer, number][] = [
    [
      '32 kB of zstd that are 1 GB',
      zstdFrame(new Array<Buffer>(8192).fill(Buffer.of(48)), { repeated: 1 << 17 }),
      2 ** 30,
    ],
    [
      '1 MB of lz4 that are 260 MB',
      lz4Frame(new Array<Buffer>(64).fill(block), { size: 7 }),
      64 * (16_400 * 255 + 21),
    ],
  ];

  test.each(bombs)('%s', async (_, bytes, size) => {
    const before = process.memoryUsage().rss;
    let [sum, most] = [0, 0];
    for await (const piece of decompress(cut(bytes, 1 << 16), compressionOf(bytes), 'bomb')) {
      sum += piece.length;
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    expect(sum).toBe(size);
    expect(most).toBeLessThan(150e6);
  });
});
