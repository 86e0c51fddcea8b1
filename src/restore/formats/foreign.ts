import { ZenError } from '../../errors.ts';
import { quoteFile } from '../ids.ts';

/**
 * An unsupported format: its name, its first bytes (one character a byte), and a remedy, in which `FILE` stands for the
 * file.
 */
type Foreign = readonly [name: string, magic: string | string[] | RegExp, way: string];

const pipe = (command: string) => `Pipe what it holds: ${command} | zen restore -`;
const byCsv = 'Export the log as CSV with a header, and restore that';
const sheet = 'Save its sheet as “CSV UTF-8”, and restore that';
const byPandas = (reader: string) =>
  pipe(`python3 -c "import pandas, sys; pandas.${reader}(sys.argv[1]).to_csv(sys.stdout, index=False)" FILE`);

const foreign: Foreign[] = [
  ['compressed with bzip2', 'BZh', pipe('bzip2 -dc FILE')],
  ['compressed with xz', '\xfd7zXZ\0', pipe('xz -dc FILE')],
  ['compressed with lzma', ']\0\0', pipe('xz --format=lzma -dc FILE')],
  ['compressed with lzip', 'LZIP', pipe('lzip -dc FILE')],
  ['compressed with lzop', '\x89LZO\0', pipe('lzop -dc FILE')],
  ['compressed with compress', '\x1f\x9d', pipe('gzip -dc FILE')],
  ['compressed with snappy', '\xff\x06\0\0sNaPpY', pipe('snzip -dc FILE')],
  ['an Excel workbook', /^PK[^]{2,400}(\[Content_Types\]\.xml|docProps\/|xl\/)/, sheet],
  ['an Excel workbook', '\xd0\xcf\x11\xe0', sheet],
  ['an OpenDocument file', /^PK[^]{2,400}opendocument/, sheet],
  [
    'a zip archive of a folder',
    /^PK\p{Cc}{2}[^]{26}([^/\p{Cc}]+\/)?([^/\p{Cc}]*\/PK|toc\.dat|\d+\.dat)/u,
    'Unpack it, unzip FILE, and restore the folder',
  ],
  ['a zip archive', ['PK\x03\x04', 'PK\x05\x06'], pipe('unzip -p FILE')],
  ['a 7z archive', '7z\xbc\xaf\x27\x1c', pipe('7z x -so FILE')],
  ['a rar archive', 'Rar!\x1a\x07', pipe('unrar p -inul FILE')],
  ['encrypted with openssl', 'Salted__', pipe('openssl enc -d -aes-256-cbc -pbkdf2 -in FILE')],
  ['encrypted with openssl', 'U2FsdGVkX1', pipe('openssl enc -d -a -aes-256-cbc -pbkdf2 -in FILE')],
  [
    'encrypted with GnuPG',
    /^(-----BEGIN PGP MESSAGE|([\x84\x8c\xc1\xc3][^]|[\x85\xc1][^]{2})(?!\s)\p{Cc})/u,
    pipe('gpg -d FILE'),
  ],
  ['encrypted with age', ['age-encryption.org/', '-----BEGIN AGE ENCRYPTED'], pipe('age -d FILE')],
  ['a database of SQLite', 'SQLite format 3\0', pipe("sqlite3 -header -csv FILE 'select * from log_raw'")],
  [
    'an archive of pg_dump that a shell has taken for text, as PowerShell does behind >',
    ['\xff\xfeP\0G\0D\0M\0P\0', '\xef\xbb\xbfPGDMP'],
    'Make it again, with pg_dump --file=NAME',
  ],
  [
    'an archive of pg_dump behind messages, which came into it',
    /^[^\n\0]+\n([^\n\0]+\n)*?PGDMP\p{Cc}/u,
    'Make it again, without 2>&1, or with pg_dump --file=NAME',
  ],
  ['compressed with an old lz4', '\x02\x21\x4c\x18', pipe('lz4 -dc FILE')],
  ['encoded for mail', /^([A-Za-z\d+/]{60,}\r?\n){2}/, pipe('base64 -d FILE')],
  ['encoded by uuencode', 'begin 6', pipe('uudecode -o /dev/stdout FILE')],
  [
    'in UTF-32',
    /^(\xff\xfe\0\0|\0\0\xfe\xff|(\0{3}[^\0]){3}|([^\0]\0{3}){3})/,
    pipe('iconv -f UTF-32 -t UTF-8 FILE'),
  ],
  ['an encrypted Parquet file', 'PARE', 'Decrypt it, and restore that'],
  ['an ORC file', 'ORC', byPandas('read_orc')],
  ['an Arrow file', ['ARROW1', 'FEA1'], byPandas('read_feather')],
  ['an Avro file', 'Obj\x01', byCsv],
  ['a backup of SQL Server', 'TAPE\0', byCsv],
  ['HTML or XML', /^\s*<(!doctype|html|table|\?xml|\w+>)/i, byCsv],
  [
    'a dump of MySQL or MariaDB, not of PostgreSQL',
    /^\/\*M?!\d{5}|^-- ((MySQL|MariaDB) dump|phpMyAdmin SQL)|^SET SQL_MODE|^[ \t]*(INSERT (IGNORE )?INTO|CREATE TABLE( IF NOT EXISTS)?|USE|DROP TABLE( IF EXISTS)?) `/im,
    'Load it there, and take the log out: mysql --batch -e "select * from log_raw" DATABASE | zen restore - --null NULL',
  ],
  [
    'SQL of ClickHouse or MySQL, not of PostgreSQL: its names are in backticks',
    /^[ \t]*(INSERT INTO|CREATE TABLE)\s+[\w."]+\s*\(\s*`/im,
    'There, save the result of “select * from log_raw” as CSV with a header, and restore that',
  ],
  [
    'a script of SQL Server, not of PostgreSQL',
    /^[ \t]*(SET (ANSI_NULLS|IDENTITY_INSERT) |USE \[|INSERT (INTO )?\[|CREATE TABLE \[)/im,
    'There, save the result of “select * from log_raw” as CSV with a header, and restore that',
  ],
  [
    'a table drawn for people, as psql does',
    /^ *[^\s|-][^|\n]*((\|[^|\n]*)+\n-+(\+-+)+|\n-+)\r?\n|^\s*-\[ \S+ 1 \]|^\s*(\xe2\x94\x8c|[^\n]*\n(\xe2\x94\x80)+\xe2\x94\xbc)|^\*{9,} 1\. row|^\[options=|^\\begin\{|^\s*\+-+(\+-+)*\+\r?\n\||^\s*\|[^\n]+\|\r?\n\|:?-+/,
    pipe('psql DATABASE -c "copy log_raw to stdout (format csv, header)"'),
  ],
  [
    'an export of Yandex Metrica, of visits or page views, not an interaction log',
    /^[^\n]*(\bym:(s|pv):|\bwatchID\b(?![^\n]*\bitem_topic\b))/,
    'Make a table of its columns that has those of the log: ts, user_id, event, item_topic, source_topic, age_segment',
  ],
  ['a pointer of Git LFS, not the file itself', 'version https://git-lfs', 'Get the file with git lfs pull'],
  [
    'a text whose lines end with carriage returns alone',
    /^[ -~\x80-\xff]*[,;\t|][ -~\t\x80-\xff]*\r[ -~\r\t\x80-\xff]*$/,
    pipe("tr '\\r' '\\n' < FILE"),
  ],
  [
    'JSON of arrays, which do not say what their values are',
    /^\s*(\[\s*\[|\["|\{\s*"[^"]*"\s*:\s*(\{\s*"0"\s*:|\[\s*-?\d+\s*,\s*-?\d+\s*,)|\{\s*"columns"\s*:\s*\[\s*")/,
    'Write an object for each row (in ClickHouse FORMAT JSONEachRow, in pandas to_json with orient="records")',
  ],
  ['an empty array of JSON, without events', /^\s*\[\s*\]\s*$/, 'Make it again'],
  ['of Python, not JSON', /^\s*\[?\s*\{'/, 'Write it with json.dump'],
  ['YAML', /^---\s*\n/, byCsv],
  [
    'JSON as COPY writes it, each backslash twice',
    /^\{"[^\n]*[^\\]\\\\"[^,}\]: ]/m,
    pipe("sed 's/\\\\\\\\/\\\\/g' FILE"),
  ],
  [
    'only the message of a dump that failed',
    /^(pg_dump(all)?|psql|-?(ba|da|z|)sh): ([^\n]*not found|error|fatal|[^\n]*(failed|could not))[^\n]*\n?[^\n]*\n?$/i,
    'Make it again',
  ],
];

/** Fewer distinct control characters may be delimiters or terminal colours. */
const fewControls = 4;

/**
 * Checks that a file in no known format is at least text, from its first bytes.
 *
 * @throws ZenError `failed` when it is not
 */
export function requireText(start: Buffer, path: string): void {
  const text = start.toString('latin1');
  if (text.trim() === '') throw new ZenError('failed', `${path} is empty. Copy it again.`);
  const controls = new Set(Array.from(text).filter((char) => char < ' ' && !/\s/.test(char)));
  if (controls.size < fewControls && !/^[^]{0,8}\0/.test(text)) return;
  throw new ZenError(
    'failed',
    `${path} is neither text nor in a format that Zen reads. ${byCsv}; if the file is split, name all its parts in order.`,
  );
}

/**
 * Identifies a file that is no backup by its first bytes.
 *
 * @throws ZenError `failed` with its format, and a remedy
 */
export function refuseForeign(start: Buffer, path: string): void {
  const text = start.toString('latin1');
  const found = foreign.find(([, magic]) =>
    magic instanceof RegExp ? magic.test(text) : [magic].flat().some((each) => text.startsWith(each)),
  );
  if (!found) return;
  const [name, , way] = found;
  throw new ZenError('failed', `${path} is ${name}. ${way.replace('FILE', () => quoteFile(path))}.`);
}
