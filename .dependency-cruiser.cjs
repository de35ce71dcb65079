// The import law: which package may import which (design, section 3), and no cycles and no deep imports.
const layers = {
  'libs/base': [],
  'libs/api': ['libs/base'],
  'libs/port': ['libs/base', 'libs/api'],
  'libs/machinery': ['libs/base', 'libs/api', 'libs/port'],
  'libs/server': ['libs/base', 'libs/api', 'libs/port', 'libs/machinery'],
  'libs/controllers': ['libs/base', 'libs/api', 'libs/port', 'libs/machinery'],
  'libs/scheduling': ['libs/base', 'libs/api', 'libs/port', 'libs/machinery'],
  'libs/node': ['libs/base', 'libs/api', 'libs/port', 'libs/machinery'],
};

const spec = '\\.spec\\.ts$|-suite/|\\.spec-support\\.ts$';
const packageRules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `law-${layer.replace('/', '-')}`,
  comment: `${layer} may import ${[layer, ...allowed].join(', ')} of this repository`,
  severity: 'error',
  // Specs may bring real parts (the API server, a store) to test against.
  from: { path: `^${layer}/`, pathNot: spec },
  to: { path: '^(apps|libs|e2e|bench)/', pathNot: `^(${[layer, ...allowed].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...packageRules,
    {
      name: 'law-adapters',
      comment: 'an adapter imports base, api and port, and no other adapter',
      severity: 'error',
      from: { path: '^libs/adapter/([^/]+)/', pathNot: `^libs/adapter/process/|${spec}` },
      to: { path: '^(apps|libs|e2e|bench)/', pathNot: '^libs/(base|api|port|adapter/$1)/' },
    },
    {
      name: 'law-assembly',
      comment:
        'the furniture of processes puts parts together: it may import any lib, and only what is composed imports it',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/adapter/process/|${spec}` },
      to: { path: '^libs/adapter/process/' },
    },
    {
      name: 'law-nothing-imports-an-app',
      severity: 'error',
      from: { pathNot: '^(apps|e2e|bench)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'law-controllers-stand-alone',
      comment: 'no controller imports another; shared pieces live in rooms named shared or replicas',
      severity: 'error',
      from: { path: '^libs/controllers/([^/]+)/', pathNot: `^libs/controllers/all/|${spec}` },
      to: { path: '^libs/controllers/[^/]+/', pathNot: '^libs/controllers/($1|shared[^/]*|replicas)/' },
    },
    {
      name: 'law-neutral-rooms-have-no-node',
      severity: 'error',
      from: {
        path: '^libs/(base|api|port|server|machinery|controllers|scheduling|node)/',
        pathNot: `${spec}|^libs/base/clock/system-`,
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'law-no-deep-imports',
      comment: 'another room is entered by its index.ts (or its types.ts)',
      severity: 'error',
      from: { path: '^libs/(base|port|machinery|controllers|scheduling|node)/([^/]+)/', pathNot: spec },
      to: {
        path: '^libs/(base|port|machinery|controllers|scheduling|node)/[^/]+/',
        pathNot: '^libs/$1/$2/|/(index|types|schema)\\.ts$',
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
