/** The columns that every log has. */
const needed = ['ts', 'user_id', 'event'];

/** The columns that your own log may lack. */
const logNames = [
  'item_topic',
  'source_topic',
  'age_segment',
  'item_id',
  'item_type',
  'source_id',
  'source_type',
  'event_id',
];

/** The types of time that your own log may have. */
const times = ['ms', 's', 'us', 'timestamp', 'timestamptz'];

/** An option of a command that zen.json may set. */
export interface Setting {
  /** The option's name on the command line, without its dashes. */
  name: string;
  description: string;
  /** The values that it may have; undefined for any text or number. */
  choices?: readonly string[] | undefined;
  takesValue: boolean;
  isRepeated: boolean;
}

/** The settings of each command, by its name. */
export type Settings = Record<string, readonly Setting[]>;

/** A JSON Schema (draft 7), which editors read. */
export type Schema = Record<string, unknown>;

/** Settings that hold for one command only: they let it delete something, or keep it from doing anything. */
const alone = ['yes', 'allow-empty', 'dry-run'];

/** The end of a name that only a folder may have; see `parseFile` in `src/cli/options.ts`. */
const folderEnd = String.raw`[/\\]$`;

/** Lists the settings that several commands share: at the top of zen.json, each holds for all of them. */
export function listShared(commands: Settings): Setting[] {
  const seen = new Map<string, Setting>();
  const shared = new Map<string, Setting>();
  for (const setting of Object.values(commands)
    .flat()
    .filter(({ name }) => !alone.includes(name))) {
    if (seen.has(setting.name)) shared.set(setting.name, setting);
    else seen.set(setting.name, setting);
  }
  return [...shared.values()];
}

/** Makes the schema of zen.json: `$schema`, the settings that commands share, and those of each command under its name. */
export function buildSchema(commands: Settings): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A dashboard of zen',
    ...object('', {
      $schema: {
        type: 'string',
        description: 'The path of this schema, by which editors complete and check the file.',
      },
      ...describeEach(listShared(commands)),
      log: describeLog(),
      aggregates: object('Where the aggregates lie, so that a database of the log is only read there.', {
        schema: {
          type: 'string',
          minLength: 1,
          description:
            'Their schema, which zen makes where it may (default: the first one of the search path).',
        },
      }),
      funnel: {
        type: 'array',
        description:
          'The steps of the funnel: kinds of event, in order (default: ["show", "click", "view"]).',
        items: { type: 'string', minLength: 1 },
        minItems: 2,
        maxItems: 7,
        uniqueItems: true,
      },
      panels: {
        type: 'array',
        description: 'The charts of a page, in order (default: all but retention, each by its own order).',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
      },
      filters: {
        type: 'array',
        description: 'The fields that pages filter by (default: ["item_topic", "age_segment"]).',
        items: { type: 'string', pattern: '^[A-Za-z_]\\w*$' },
        uniqueItems: true,
      },
      groups: {
        type: 'object',
        description:
          'Named groups of topics, or of ages: { "Family": ["Children", "Relations"] }; "" is “not set”. Their people are counted exactly.',
        additionalProperties: {
          type: 'array',
          items: { type: 'string' },
          minItems: 2,
          maxItems: 1000,
          uniqueItems: true,
        },
      },
      pages: describePages(commands),
      ...Object.fromEntries(
        Object.entries(commands).map(([name, settings]) => [
          name,
          object(`The options of zen ${name}, by their names.`, describeEach(settings)),
        ]),
      ),
    }),
  };
}

/** See `OtherPage` in `src/cli/pages.ts`. */
function describePages(commands: Settings): Schema {
  const [locale] = Object.values(commands)
    .flat()
    .filter(({ name }) => name === 'locale');
  const page = object('', {
    name: {
      type: 'string',
      pattern: '^[\\w-]+$',
      description: 'The name of the page: letters, digits, _ and -.',
    },
    where: {
      type: 'object',
      description: 'The only names that the page shows: { "item_topic": ["News"] } (default: all).',
      additionalProperties: { type: 'array', items: { type: 'string' }, minItems: 1 },
    },
    ...(locale ? { locale: describe(locale) } : {}),
    title: { type: 'string', minLength: 1, description: 'The title of the page.' },
    out: {
      type: 'string',
      minLength: 1,
      not: { pattern: folderEnd },
      description: 'The file to write (default: named after the page, beside the dashboard).',
    },
  });
  return {
    type: 'array',
    description: 'More pages beside the dashboard: of some names only, or in another language.',
    items: { ...page, required: ['name'] },
  };
}

/** See `OwnLog` in `src/log/source.ts`. */
function describeLog(): Schema {
  const text = (description: string) => ({ type: 'string', minLength: 1, description });
  const names = (description: string, type: string | string[]) => ({
    type: 'object',
    description,
    additionalProperties: { type },
  });
  return object(
    'Your own log, read instead of log_raw. A file sql/log.sql with any SELECT may replace table.',
    {
      table: text('The table or view, with its schema: shop.events.'),
      columns: {
        ...object(
          `Columns under other names, such as { "ts": "created_at" }. The names are ${[...needed, ...logNames].join(', ')}; null for one that the log does not have.`,
          {
            ...Object.fromEntries(needed.map((name) => [name, { type: 'string', minLength: 1 }])),
            ...Object.fromEntries(logNames.map((name) => [name, { type: ['string', 'null'] }])),
          },
        ),
      },
      time: {
        enum: times,
        description: 'The type of ts: Unix seconds, milliseconds or microseconds, or a type of PostgreSQL.',
      },
      events: names('Names of events and what they mean: { "impression": "show" }.', 'string'),
      where: text('An SQL condition: only rows that meet it are events.'),
    },
  );
}

function object(description: string, properties: Record<string, Schema>): Schema {
  return { type: 'object', description, additionalProperties: false, properties };
}

function describeEach(settings: readonly Setting[]): Record<string, Schema> {
  return Object.fromEntries(settings.map((setting) => [setting.name, describe(setting)]));
}

function describe({ choices, description, isRepeated, takesValue }: Setting): Schema {
  if (!takesValue) return { type: 'boolean', description };
  if (choices) return { enum: choices, description };
  const each = { type: ['string', 'number'] };
  return isRepeated ? { type: 'array', items: each, description } : { ...each, description };
}
