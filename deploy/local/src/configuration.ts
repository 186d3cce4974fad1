import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Names end in `.invalid`: nothing on any network can be meant. */
export const ORIGIN = 'log.verbatim.invalid/local';
export const WITNESS = 'witness.verbatim.invalid/local';
/** Cosigns only what it has audited; a name and key used for nothing else. */
export const INDEX_WITNESS = 'index-witness.verbatim.invalid/local';
/** The registrar of one ecosystem (a purl type), as its key file is called: a key has one use. That of npm keeps the name that it had alone. */
export const registrarOf = (type: string): string => (type === 'npm' ? 'registrar' : `registrar-${type}`);

/** Go's name of this machine's platform. */
export const HOST_PLATFORM = `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`;

/** A node of the local network. */
export interface Node {
  readonly name: string;
  readonly operator: string;
  readonly hostPlatform: string;
  /** Targets that it rebuilds for; all when left out. */
  readonly targets?: readonly string[];
}

/** Three operators with a node each. They share this machine, so the local policy asks for no distinct cloud. */
export const NODES: readonly Node[] = ['ash', 'birch', 'cedar'].map((operator) => ({
  name: `${operator}-1`,
  operator,
  hostPlatform: HOST_PLATFORM,
}));

/** A fourth operator, whose node is an arm64 root (deploy/arm64). */
export const ARM64_NODE: Node = { name: 'dogwood-1', operator: 'dogwood', hostPlatform: 'linux/arm64' };

const quoted = JSON.stringify;
const onLoopback = 'host = "127.0.0.1"\nport = 0\n';

/** A node as witness or mirror of the log: each role is a process of its own, with a name and a key for nothing else. */
export type Role = 'witness' | 'mirror';

/** What the files of a node's role are called. */
export const roleOf = (node: Node, role: Role): string => `${node.name}-${role}`;

export function roleKeyName(node: Node, role: Role): string {
  return `${role}.${keyName(node)}`;
}

/** A witness waits to be asked by the log; a mirror is told where the log is, and follows it. */
export function roleToml(
  dataDir: string,
  node: Node,
  role: Role,
  log: { readonly vkey: string; readonly followed?: { readonly url: string; readonly rootVkey: string } },
): string {
  const file = roleOf(node, role);
  return `name = ${quoted(roleKeyName(node, role))}
data_dir = ${quoted(join(dataDir, file))}
key_file = ${quoted(join(dataDir, `${file}.key`))}

[[logs]]
vkey = ${quoted(log.vkey)}
${log.followed === undefined ? '' : `url = ${quoted(log.followed.url)}\nroot_vkey = ${quoted(log.followed.rootVkey)}\n`}
[listen]
${onLoopback}
[metrics_listen]
${onLoopback}`;
}

/**
 * Services listen where the system lets them; each says where on its ready line. The log starts after its witnesses: the index-witness reads the
 * log's folder.
 */
export function witnessToml(dataDir: string, keys: { readonly log: string; readonly root: string }): string {
  return `name = ${quoted(WITNESS)}
data_dir = ${quoted(join(dataDir, 'witness'))}
key_file = ${quoted(join(dataDir, 'witness.key'))}

[[logs]]
vkey = ${quoted(keys.log)}

[index]
name = ${quoted(INDEX_WITNESS)}
key_file = ${quoted(join(dataDir, 'index-witness.key'))}
logs = [{ origin = ${quoted(ORIGIN)}, url = ${quoted(pathToFileURL(join(dataDir, 'log', 'public')).href)}, root_vkey = ${quoted(keys.root)} }]

[listen]
${onLoopback}
[metrics_listen]
${onLoopback}`;
}

export function logToml(dataDir: string, witnesses: readonly { readonly vkey: string; readonly url: string }[]): string {
  const tables = witnesses.map(({ vkey, url }) => {
    const index = vkey.startsWith(`${INDEX_WITNESS}+`) ? 'index_witness = true\n' : '';
    return `[[witnesses]]\nvkey = ${quoted(vkey)}\nurl = ${quoted(url)}\n${index}`;
  });
  return `origin = ${quoted(ORIGIN)}
title = "Verbatim, on this machine"
data_dir = ${quoted(join(dataDir, 'log'))}
key_file = ${quoted(join(dataDir, 'log.key'))}
root_key_file = ${quoted(join(dataDir, 'root.key'))}
admin_key_file = ${quoted(join(dataDir, 'admin.key'))}

${tables.join('\n')}
[listen]
${onLoopback}
[metrics_listen]
${onLoopback}`;
}

export function rebuilderToml(
  dataDir: string,
  cacheDir: string,
  node: Node,
  log: { readonly url: string; readonly rootVkey: string },
): string {
  return `name = ${quoted(keyName(node))}
operator = ${quoted(node.operator)}
key_file = ${quoted(join(dataDir, `${node.name}.key`))}
data_dir = ${quoted(join(dataDir, node.name))}
cache_dir = ${quoted(cacheDir)}

[log]
url = ${quoted(log.url)}
policy_file = ${quoted(join(dataDir, 'log.policy'))}
root_vkey = ${quoted(log.rootVkey)}
poll_seconds = 0.5
${node.targets === undefined ? '' : `\n[[subscriptions]]\ntargets = [${node.targets.map((target) => quoted(target)).join(', ')}]\n`}`;
}

export function keyName(node: Node): string {
  return `${node.name}.verbatim.invalid/local`;
}

/** The C2SP part alone, for the nodes: whose log, cosigned by whom. */
export function logPolicy(logVkey: string, logUrl: string, witnessVkey: string): string {
  return `log ${logVkey} ${logUrl}\nwitness w1 ${witnessVkey}\nquorum w1\n`;
}

/** What the local client demands: two of the operators (or the only one), on each architecture that there is, no dissent, in an audited log, a checkpoint of today. */
export function clientPolicy(
  keys: {
    log: string;
    root: string;
    witness: string;
    indexWitness: string;
    registrars: ReadonlyMap<string, string>;
    nodes: ReadonlyMap<string, string>;
  },
  nodes: readonly Node[],
  logUrl: string,
  expires: string,
): string {
  const require = Math.min(2, nodes.length);
  const architectures = new Set(nodes.map(({ hostPlatform }) => hostPlatform)).size;
  const lines = [
    ...nodes.map(({ operator }) => `operator ${operator}`),
    ...nodes.map(({ name, operator, hostPlatform }) => `rebuilder ${name} ${operator} ${hostPlatform} ${keys.nodes.get(name)!}`),
    ...[...keys.registrars].map(([type, vkey]) => `claimant local-${registrarOf(type)} registrar pkg:${type}/ ${vkey}`),
  ];
  return `# Whom this machine trusts, for the local network only. Words: docs/reference/policy.md
version 1
expires ${expires}
log ${keys.log} ${logUrl}
root ${keys.root}
witness w1 ${keys.witness}
quorum w1
index-witness i1 ${keys.indexWitness}
completeness audited
${lines.join('\n')}
require ${require}
dissent 0
distinct operator ${require}
distinct arch ${architectures}
max-age 24h
bundle-max-age 30d
`;
}
