import { deflateSync } from 'node:zlib';
import { lz4Frame, zstdFrame } from './frames.ts';

/** The contents of an archive to write; the defaults are those of PostgreSQL 15's pg_dump -Fc. */
export interface Recipe {
  minor?: number;
  intSize?: number;
  offsetSize?: number;
  /** 0 none, 1 gzip; since 1.15 also 2 lz4, 3 zstd. */
  compression?: number;
  /** True when the contents say where the data lies; not when pg_dump wrote to a pipe. */
  offsets?: boolean;
  format?: number;
  tables: {
    schema?: string;
    /** As its entry is called. */
    table: string;
    columns?: string;
    copy?: string;
    text: string | Buffer;
  }[];
  /** Further entries, which have no data. */
  definitions?: { description: string; name: string; definition: string }[];
  /** The encoding of the texts. */
  encoding?: string;
  /** Bytes of a data chunk. */
  chunk?: number;
}

/** By their number; lz4 and zstd here only pack the data. */
const compressors: ((data: Buffer) => Buffer)[] = [
  (data) => data,
  deflateSync,
  (data) => lz4Frame(cut(data), { stored: true, content: data }),
  (data) => zstdFrame(cut(data)),
];

function cut(data: Buffer): Buffer[] {
  const blocks = Array.from(
    { length: Math.ceil(data.length / blockBytes) },
    (_, index) => index * blockBytes,
  );
  return blocks.map((start) => data.subarray(start, start + blockBytes));
}

const blockBytes = 1 << 16;

/**
 * Writes a custom-format archive, from PostgreSQL's own description of what it reads (src/bin/pg_dump:
 * pg_backup_archiver.c and pg_backup_custom.c), so that tests can have any version, size and fault.
 */
export function writeArchive(recipe: Recipe): Buffer {
  const { minor = 14, intSize = 4, offsetSize = 8, compression = 1, offsets = true, format = 1 } = recipe;
  const int = (value: number) => {
    const bytes = Buffer.alloc(1 + intSize);
    bytes[0] = value < 0 ? 1 : 0;
    bytes.writeUIntLE(Math.abs(value), 1, Math.min(intSize, 6));
    return bytes;
  };
  const text = (value: string | null) =>
    value === null ? int(-1) : Buffer.concat([int(Buffer.byteLength(value)), Buffer.from(value)]);
  const header = Buffer.concat([
    Buffer.from('PGDMP'),
    Buffer.of(1, minor, 0, intSize, offsetSize, format),
    minor >= 15 ? Buffer.of(compression) : int(compression === 0 ? 0 : -1),
    ...[0, 0, 12, 24, 8, 119, 0].map(int),
    ...['zen', '15.18', '15.18'].map(text),
  ]);
  const block = (id: number, data: Buffer) => {
    const stored = compressors[compression]?.(data) ?? data;
    const pieces: Uint8Array[] = [Buffer.of(1), int(id)];
    for (let start = 0; start < stored.length; start += recipe.chunk ?? 4096) {
      const piece = stored.subarray(start, start + (recipe.chunk ?? 4096));
      pieces.push(int(piece.length), piece);
    }
    return Buffer.concat([...pieces, int(0)]);
  };
  const blocks = recipe.tables.map(({ text: rows }, index) =>
    block(index + 1, typeof rows === 'string' ? Buffer.from(rows) : rows),
  );
  const entry = (
    id: number,
    of: { name: string; description: string; place: Buffer } & Partial<
      Record<'definition' | 'statement' | 'schema', string>
    >,
  ) =>
    Buffer.concat([
      int(id),
      int(1),
      text('0'),
      text('16385'),
      text(of.name),
      text(of.description),
      int(3),
      text(of.definition ?? ''),
      text(''),
      text(of.statement ?? ''),
      text(of.schema ?? ''),
      text(''),
      ...(minor >= 14 ? [text('')] : []),
      ...(minor >= 16 ? [int(114)] : []),
      text('postgres'),
      text('false'),
      text('7'),
      text(null),
      format === 3 || format === 5 ? text(`${id}.dat`) : of.place,
    ]);
  const contents = (position: number) => {
    const entries = recipe.tables.map(({ schema = 'public', table, columns = '', copy }, index) => {
      const place = Buffer.alloc(1 + offsetSize);
      place[0] = offsets ? 2 : 1;
      if (offsets) {
        const start = position + blocks.slice(0, index).reduce((sum, each) => sum + each.length, 0);
        place.writeUIntLE(start, 1, Math.min(offsetSize, 6));
      }
      const statement = copy ?? `COPY ${schema}.${table} (${columns}) FROM stdin;\n`;
      return entry(index + 1, { name: table, description: 'TABLE DATA', statement, schema, place });
    });
    const encoding = `SET client_encoding = '${recipe.encoding ?? 'UTF8'}';\n`;
    const first = {
      name: 'ENCODING',
      description: 'ENCODING',
      definition: encoding,
      place: Buffer.alloc(1 + offsetSize),
    };
    const definitions = (recipe.definitions ?? []).map((each, index) =>
      entry(100 + index, { ...first, ...each, schema: 'public' }),
    );
    entries.unshift(entry(0, first), ...definitions);
    return Buffer.concat([int(entries.length), ...entries]);
  };
  const position = header.length + contents(0).length;
  return Buffer.concat([header, contents(position), ...blocks]);
}
