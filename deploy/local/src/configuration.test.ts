import { describe, expect, it } from 'vitest';
import { ARM64_NODE, clientPolicy, NODES, rebuilderToml, type Node } from './configuration.ts';

const other = { ...ARM64_NODE, hostPlatform: NODES[0]!.hostPlatform === 'linux/arm64' ? 'linux/amd64' : 'linux/arm64' };
const policyFor = (nodes: readonly Node[]): string[] => {
  const keys = {
    log: 'L',
    root: 'R',
    witness: 'W',
    indexWitness: 'I',
    registrars: new Map(),
    nodes: new Map(nodes.map(({ name }) => [name, `key of ${name}`])),
  };
  return clientPolicy(keys, nodes, 'http://log.invalid/', '2027-01-01T00:00:00Z').split('\n');
};

describe('the policy of the local network', () => {
  it('demands both architectures where there are two', () => {
    expect(policyFor([...NODES, other])).toEqual(
      expect.arrayContaining([
        'require 2',
        'distinct arch 2',
        `rebuilder ${other.name} dogwood ${other.hostPlatform} key of ${other.name}`,
      ]),
    );
  });

  it('demands an audited log', () => {
    expect(policyFor(NODES)).toEqual(expect.arrayContaining(['index-witness i1 I', 'completeness audited']));
  });

  it('demands no more than there is on machines of one', () => {
    expect(policyFor(NODES)).toEqual(expect.arrayContaining(['require 2', 'distinct operator 2', 'distinct arch 1']));
    expect(policyFor(NODES.slice(0, 1))).toEqual(expect.arrayContaining(['require 1', 'distinct operator 1', 'distinct arch 1']));
  });
});

describe('a node’s configuration', () => {
  const toml = (node: Node): string => rebuilderToml('/data', '/cache', node, 'http://log.invalid/');

  it('subscribes to the node’s targets', () => {
    expect(toml({ ...NODES[0]!, targets: ['linux/amd64', 'linux/arm64'] })).toContain(
      '\n[[subscriptions]]\ntargets = ["linux/amd64", "linux/arm64"]\n',
    );
  });

  it('subscribes to everything without', () => {
    expect(toml(NODES[0]!)).not.toContain('subscriptions');
  });
});
