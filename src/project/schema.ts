/** The columns of the log that an own one may lack. */
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

/** The ways in which a log of one's own may tell a time. */
const times = ['ms', 's', 'us', 'timestamp', 'timestamptz'];

/** An option of a command, as far as zen.json may set it. */
export interface Setting {
  /** The option's name on the command line, without its dashes. */
  name: string;
  description: string;
  /** Those it may have; without them, any text or number. */
  choices?: readonly string[] | undefined;
  takesValue: boolean;
  isRepeated: boolean;
}

/** The settings of each command, by its name. */
export type Settings = Record<string, readonly Setting[]>;

/** A schema of JSON Schema, draft 7, which editors read. */
export type Schema = Record<string, unknown>;

/** Settings for one command alone: they let it take something away, or keep it from doing anything. */
const alone = ['yes', 'allow-empty', 'dry-run'];

/** The settings that several commands share: at the top of zen.json, one stands for all of these. */
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
      $schema: { type: 'string', description: 'Where this schema lies: editors complete and check by it.' },
      ...describeEach(listShared(commands)),
      log: describeLog(),
      funnel: {
        type: 'array',
        description:
          'The steps of the funnel, kinds of event in their order (default: ["show", "click", "view"]).',
        items: { type: 'string', minLength: 1 },
        minItems: 2,
        maxItems: 7,
        uniqueItems: true,
      },
      panels: {
        type: 'array',
        description:
          'The charts of a page, in their order (default: all but retention, each by its own order).',
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
          'Names of topics, or of ages, under a name of their own: { "Family": ["Children", "Relations"] }; "" is “not set”. Their people are counted exactly.',
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

/** See `OtherPage` in `src/cli/commands/render.ts`. */
function describePages(commands: Settings): Schema {
  const [locale] = Object.values(commands)
    .flat()
    .filter(({ name }) => name === 'locale');
  const page = object('', {
    name: { type: 'string', pattern: '^[\\w-]+$', description: 'Its name, of letters, digits, _ and -.' },
    where: {
      type: 'object',
      description: 'The names that it shows alone: { "item_topic": ["News"] }; without it, all.',
      additionalProperties: { type: 'array', items: { type: 'string' }, minItems: 1 },
    },
    ...(locale ? { locale: describe(locale) } : {}),
    title: { type: 'string', description: 'Its title.' },
    out: { type: 'string', minLength: 1, description: 'Its file (default: its name, beside the dashboard).' },
  });
  return {
    type: 'array',
    description: 'Pages beside the dashboard, of some names alone or in another language.',
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
    'A log of your own, in the place of log_raw. A file sql/log.sql, any SELECT, may stand in the place of table.',
    {
      table: text('Its table or view, with its schema: shop.events.'),
      columns: {
        ...object('Its column for one of the log; null for what it does not have.', {
          ...Object.fromEntries(
            ['ts', 'user_id', 'event'].map((name) => [name, text(`Its column for ${name}.`)]),
          ),
          ...Object.fromEntries(
            logNames.map((name) => [
              name,
              { type: ['string', 'null'], description: `Its column for ${name}.` },
            ]),
          ),
        }),
      },
      time: {
        enum: times,
        description:
          'How it tells a time: in Unix seconds, milliseconds, microseconds, or as PostgreSQL does.',
      },
      events: names('The log’s name for one of its events: { "impression": "show" }.', 'string'),
      where: text('A condition on its rows, in SQL.'),
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
