/** Examples of each command, for its help. */
export const examples: Record<string, readonly string[]> = {
  restore: ['zen restore zen.dump', 'zen restore log.csv --columns ts=created_at --dry-run'],
  aggregate: ['zen aggregate', "zen aggregate --start-dt '2019-09-24 18:00' --end-dt '2019-09-24 19:00'"],
  render: ['zen render', 'zen render --last 7d --locale en --out page.html'],
  nightly: [
    'zen nightly --out /srv/www/zen.html --retry-for 2h',
    'zen nightly --log-format json --fail-on warn',
  ],
  prune: ['zen prune --prune-raw 30d --dry-run', 'zen prune --prune-aggregates 400d --yes'],
  schedule: ['zen schedule --cron --out /srv/www/zen.html', 'zen schedule --systemd --archive'],
  status: ['zen status', 'zen status --deep', 'zen status --max-age 36h --json'],
  verify: ['zen verify output/zen.html', 'zen verify output/zen.html --database postgres://zen@db/log'],
  mail: [
    'zen mail output/zen.html --from zen@example.com --to boss@example.com --url https://example.com/zen.html | sendmail -t -i',
  ],
  export: ['zen export visits > visits.csv', 'zen export engagement --start-dt 2019-09-24 --json'],
  init: ['zen init news'],
  demo: ['zen demo'],
  check: ['zen check', 'zen check --project news --json'],
  preview: ['zen preview --open', 'zen preview --project news --locale en'],
  config: ['zen config'],
  sql: ['zen sql > zen.sql'],
};

/** The commands to begin with. */
export const first = `  zen demo                  make the page of a log that ships with Zen
  zen restore zen.dump      a backup → the log
  zen aggregate             the log → the aggregates
  zen render                the aggregates → output/zen.html
`;

/** Help for whoever types `zen` alone. */
export const brief = `Zen makes one HTML dashboard from an interaction log in PostgreSQL.

${first}
See zen --help for all commands, zen <command> --help for one.
`;
