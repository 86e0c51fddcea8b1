/** An option of a command, as far as zen.json may set it. */
export interface Setting {
  /** As on the command line, without its dashes. */
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
      ...Object.fromEntries(
        Object.entries(commands).map(([name, settings]) => [
          name,
          object(`The options of zen ${name}, by their names.`, describeEach(settings)),
        ]),
      ),
    }),
  };
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
