// Imports point downwards (docs/explanation/architecture.md): what a package may import is written once, here.
const layers = {
  'packages/tlog': [],
  'packages/statements': ['packages/tlog'],
  'packages/binaries': ['packages/statements'],
  'packages/consensus': ['packages/statements', 'packages/tlog'],
  'packages/client': ['packages/consensus', 'packages/statements', 'packages/tlog'],
  'packages/builder': ['packages/statements', 'packages/tlog'],
  'packages/service-kit': ['packages/tlog'],
  'packages/testkit': ['packages/tlog', 'packages/statements', 'packages/consensus', 'packages/client', 'packages/service-kit'],
  'packages/cli': [
    'packages/tlog',
    'packages/statements',
    'packages/binaries',
    'packages/consensus',
    'packages/client',
    'packages/builder',
    'packages/service-kit',
  ],
};
const everyPackage = Object.keys(layers).filter((name) => name !== 'packages/testkit' && name !== 'packages/cli');
for (const service of ['log', 'rebuilder', 'witness']) layers[`services/${service}`] = everyPackage;

const tests = '\\.test\\.ts$|/_[^/]*\\.ts$|/testing/';
const pure = ['tlog', 'statements', 'binaries', 'consensus'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(layers).map(([folder, allowed]) => ({
      name: `layer ${folder}`,
      comment: `${folder} may import only: ${allowed.join(', ') || 'no other package'}`,
      severity: 'error',
      from: { path: `^${folder}/`, pathNot: tests },
      to: { path: '^(packages|services|deploy|test)/', pathNot: `^(${[folder, ...allowed].join('|')})/` },
    })),
    {
      name: 'pure packages have no I/O',
      comment: 'the pure packages also run in a browser; @verbatim/tlog/node is the one shell',
      severity: 'error',
      from: { path: `^packages/(${pure.join('|')})/src/`, pathNot: `${tests}|^packages/tlog/src/node\\.ts$` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'tests stay out of the product',
      severity: 'error',
      from: { path: '^(packages|services|deploy)/', pathNot: `${tests}|^packages/testkit/` },
      to: { path: '^(packages/testkit|test)/' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.js', '.mjs'] },
  },
};
