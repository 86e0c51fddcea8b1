import { ZenError } from '../../errors.ts';
import { quoteArgument } from '../ids.ts';

/** A format that is not read. */
interface Foreign {
  name: string;
  /** Its first bytes, one character a byte. */
  magic: string | string[] | RegExp;
  /** The command that writes what is read to its output; `FILE` stands for the file. */
  pipe?: string;
  /** In its place, what to do. */
  way?: string;
}

const byCsv = 'Export the log as CSV with a header, and restore that';
const sheet = 'Save its sheet as “CSV UTF-8”, and restore that';
const byPandas = (reader: string) =>
  `python3 -c "import pandas, sys; pandas.${reader}(sys.argv[1]).to_csv(sys.stdout, index=False)" FILE`;

const foreign: Foreign[] = [
  { name: 'compressed with bzip2', magic: 'BZh', pipe: 'bzip2 -dc FILE' },
  { name: 'compressed with xz', magic: '\xfd7zXZ\0', pipe: 'xz -dc FILE' },
  { name: 'compressed with lzma', magic: ']\0\0', pipe: 'xz --format=lzma -dc FILE' },
  { name: 'compressed with lzip', magic: 'LZIP', pipe: 'lzip -dc FILE' },
  { name: 'compressed with lzop', magic: '\x89LZO\0', pipe: 'lzop -dc FILE' },
  { name: 'compressed with compress', magic: '\x1f\x9d', pipe: 'gzip -dc FILE' },
  { name: 'compressed with snappy', magic: '\xff\x06\0\0sNaPpY', pipe: 'snzip -dc FILE' },
  { name: 'an Excel workbook', magic: /^PK[^]{2,400}(\[Content_Types\]\.xml|xl\/)/, way: sheet },
  { name: 'an Excel workbook', magic: '\xd0\xcf\x11\xe0', way: sheet },
  { name: 'an OpenDocument file', magic: /^PK[^]{2,400}opendocument/, way: sheet },
  { name: 'a zip archive', magic: ['PK\x03\x04', 'PK\x05\x06'], pipe: 'unzip -p FILE' },
  { name: 'a 7z archive', magic: '7z\xbc\xaf\x27\x1c', pipe: '7z x -so FILE' },
  { name: 'a rar archive', magic: 'Rar!\x1a\x07', pipe: 'unrar p -inul FILE' },
  {
    name: 'encrypted with openssl',
    magic: 'Salted__',
    pipe: 'openssl enc -d -aes-256-cbc -pbkdf2 -in FILE',
  },
  {
    name: 'encrypted with openssl',
    magic: 'U2FsdGVkX1',
    pipe: 'openssl enc -d -a -aes-256-cbc -pbkdf2 -in FILE',
  },
  {
    name: 'encrypted with GnuPG',
    magic: [
      ...['-----BEGIN PGP MESSAGE', '\x8c\r\x04', '\x8c.\x04', '\xc3\r\x04', '\x84^\x03'],
      ...['\x85\x01\x0c\x03', '\x85\x02\x0c\x03', '\xc1\xc0L\x03', '\xc1\xc1L\x03'],
    ],
    pipe: 'gpg -d FILE',
  },
  {
    name: 'encrypted with age',
    magic: ['age-encryption.org/', '-----BEGIN AGE ENCRYPTED'],
    pipe: 'age -d FILE',
  },
  {
    name: 'a database of SQLite',
    magic: 'SQLite format 3\0',
    pipe: "sqlite3 -header -csv FILE 'select * from log_raw'",
  },
  {
    name: 'binary COPY data, which names no columns',
    magic: 'PGCOPY\n\xff\r\n\0',
    way: 'Make it with COPY … TO … (FORMAT csv, HEADER)',
  },
  { name: 'an encrypted Parquet file', magic: 'PARE', way: 'Decrypt it, and restore that' },
  { name: 'an ORC file', magic: 'ORC', pipe: byPandas('read_orc') },
  { name: 'an Arrow file', magic: ['ARROW1', 'FEA1'], pipe: byPandas('read_feather') },
  { name: 'an Avro file', magic: 'Obj\x01', way: byCsv },
  { name: 'a backup of SQL Server', magic: 'TAPE\0', way: byCsv },
  { name: 'HTML or XML', magic: /^\s*<(!doctype|html|table|\?xml|\w+>)/i, way: byCsv },
  {
    name: 'a dump of MySQL or MariaDB, not of PostgreSQL',
    magic:
      /^\/\*M?!\d{5}|^-- ((MySQL|MariaDB) dump|phpMyAdmin SQL)|^[ \t]*(INSERT (IGNORE )?INTO|CREATE TABLE( IF NOT EXISTS)?|USE|DROP TABLE( IF EXISTS)?) `/im,
    way: 'Load it there, and take the log out: mysql --batch -e "select * from log_raw" DATABASE | zen restore - --null NULL',
  },
  {
    name: 'a script of SQL Server, not of PostgreSQL',
    magic: /^[ \t]*(SET ANSI_NULLS |USE \[|INSERT (INTO )?\[|CREATE TABLE \[)/im,
    way: 'There, save the result of “select * from log_raw” as CSV with a header, and restore that',
  },
  {
    name: 'a table drawn for people, as psql does',
    magic:
      /^ *[^\s|][^|\n]*(\|[^|\n]*)+\n-+(\+-+)+\r?\n|^\s*-\[ RECORD 1 \]|^\s*\+-+(\+-+)*\+\r?\n\||^\s*\|[^\n]+\|\r?\n\|:?-+/,
    pipe: 'psql DATABASE -c "copy log_raw to stdout (format csv, header)"',
  },
  {
    name: 'an export of Yandex Metrica, of visits or page views, not an interaction log',
    magic: /^[^\n]*\bym:(s|pv):/,
    way: 'Make a table of its columns that has those of the log: ts, user_id, event, item_topic, source_topic, age_segment',
  },
  {
    name: 'a pointer of Git LFS, not the file itself',
    magic: 'version https://git-lfs',
    way: 'Get the file with git lfs pull',
  },
  {
    name: 'a text whose lines end with carriage returns alone',
    magic: /^[ -~\x80-\xff]*[,;\t|][ -~\t\x80-\xff]*\r[ -~\r\t\x80-\xff]*$/,
    pipe: "tr '\\r' '\\n' < FILE",
  },
  {
    name: 'JSON as COPY writes it, each backslash twice',
    magic: /^\{"[^\n]*[^\\]\\\\"[^,}\]: ]/m,
    pipe: "sed 's/\\\\\\\\/\\\\/g' FILE",
  },
  {
    name: 'only the message of a dump that failed',
    magic: /^(pg_dump(all)?|psql): (error|fatal|[^\n]*(failed|could not))[^\n]*\n?[^\n]*\n?$/i,
    way: 'Make it again',
  },
];

/**
 * Names what is no backup, by its first bytes.
 *
 * @throws ZenError `failed` with what it is, and the way on
 */
export function refuseForeign(start: Buffer, path: string): void {
  const text = start.toString('latin1');
  const found = foreign.find(({ magic }) =>
    magic instanceof RegExp ? magic.test(text) : [magic].flat().some((each) => text.startsWith(each)),
  );
  if (!found) return;
  const { name, pipe = '', way } = found;
  const file = path === 'standard input' ? 'FILE' : quoteArgument(path);
  const piped = `Pipe what it holds: ${pipe.replace('FILE', () => file)} | zen restore -`;
  throw new ZenError('failed', `${path} is ${name}. ${way ?? piped}.`);
}
