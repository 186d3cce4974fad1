import { describe, expect, it } from 'vitest';
import { ARM64_NODE, clientPolicy, NODES, rebuilderToml, roleKeyName, roleToml, type Node } from './configuration.ts';

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

describe('a node’s roles', () => {
  const [node] = NODES;

  it('have names and keys of their own: a rebuilder’s key is no witness’s, and a witness’s is no mirror’s', () => {
    const names = [roleKeyName(node!, 'witness'), roleKeyName(node!, 'mirror'), 'ash-1.verbatim.invalid/local'];
    expect(new Set(names).size).toBe(3);
    const files = (['witness', 'mirror'] as const).map((role) => /key_file = (.*)/.exec(roleToml('/data', node!, role, { vkey: 'V' }))![1]);
    expect(files).toEqual(['"/data/ash-1-witness.key"', '"/data/ash-1-mirror.key"']);
  });

  it('a mirror follows the log, a witness is asked', () => {
    expect(roleToml('/data', node!, 'mirror', { vkey: 'V', followed: { url: 'http://log.invalid', rootVkey: 'R' } })).toContain(
      'vkey = "V"\nurl = "http://log.invalid"\nroot_vkey = "R"\n',
    );
    expect(roleToml('/data', node!, 'witness', { vkey: 'V' })).not.toContain('url');
  });
});

describe('a node’s configuration', () => {
  const toml = (node: Node): string => rebuilderToml('/data', '/cache', node, { url: 'http://log.invalid/', rootVkey: 'R' });

  it('subscribes to the node’s targets', () => {
    expect(toml({ ...NODES[0]!, targets: ['linux/amd64', 'linux/arm64'] })).toContain(
      '\n[[subscriptions]]\ntargets = ["linux/amd64", "linux/arm64"]\n',
    );
  });

  it('subscribes to everything without', () => {
    expect(toml(NODES[0]!)).not.toContain('subscriptions');
  });
});
