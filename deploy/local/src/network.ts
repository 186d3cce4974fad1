import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyFile } from '@verbatim/service-kit/keyfile';
import { keyidOfVkey } from '@verbatim/statements';
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ED25519, sha256, toHex, utf8Encode } from '@verbatim/tlog';
import { inArm64Root } from './arm64-root.ts';
import {
  clientPolicy,
  HOST_PLATFORM,
  INDEX_WITNESS,
  keyName,
  logPolicy,
  logToml,
  NODES,
  ORIGIN,
  registrarOf,
  rebuilderToml,
  roleKeyName,
  roleOf,
  roleToml,
  WITNESS,
  witnessToml,
  type Node,
  type Role,
} from './configuration.ts';
import { initialise, startService, type Runtime, type Service } from './processes.ts';
import { mustVerbatim } from './verbatim.ts';

/** Where the policy's validity ends after its making; each run makes it anew. */
const POLICY_DAYS = 365;

/** A log, a witness that is an index-witness too, and three rebuilders: processes of their own, with their own keys, data folders and operator names. */
export interface Network extends AsyncDisposable {
  readonly log: { readonly origin: string; readonly vkey: string; readonly url: string; readonly dataDir: string };
  /** Path of the client's policy file. */
  readonly policy: string;
  /** Copies of the log, one beside each node if they are wanted. */
  readonly mirrors: readonly { readonly name: string; readonly vkey: string; readonly url: string }[];
  /** The private key that registers releases of an ecosystem (a purl type). */
  registrarKey(type: string): string;
  /** Keyid to node name, for what people read. */
  readonly nodeNames: ReadonlyMap<string, string>;
  /** Starts the rebuilders, or these of them; until then nobody follows the log. */
  startNodes(nodes?: readonly Node[]): Promise<void>;
  /** Never resolves; rejects when a service ends before it was told to. */
  readonly broken: Promise<never>;
}

export interface Members {
  /** Three operators' by default. */
  readonly nodes?: readonly Node[];
  /** Purl types that releases may be registered of; npm by default. */
  readonly ecosystems?: readonly string[];
  /** Run a witness and a mirror of the log beside each node. */
  readonly mirror?: boolean;
}

/**
 * Makes what is missing under `dataDir`, starts the log and its witness, enrols the rebuilders and the registrar. On a folder of an
 * earlier run everything is found, and the log answers each enrolment as the duplicate that it is.
 */
export async function startNetwork(
  dataDir: string,
  cacheDir: string,
  progress: (line: string) => void,
  { nodes: members = NODES, ecosystems = ['npm'], mirror = false }: Members = {},
): Promise<Network> {
  await using started = new AsyncDisposableStack();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  const start = async (name: string, service: string, runtime?: Runtime): Promise<Service> => {
    const config = join(dataDir, `${name}.toml`);
    const initialised = join(dataDir, `${name}.initialised`);
    if (!existsSync(initialised)) {
      await initialise(service, config);
      await writeFile(initialised, '');
    }
    const running = await startService(name, service, config, join(dataDir, `${name}.log`), runtime);
    void running.ended.then((how) => broken.reject(new Error(how)));
    return running;
  };

  await mkdir(cacheDir, { recursive: true });
  const key = (file: string, name: string, type?: number): Promise<string> => keyFile(join(dataDir, `${file}.key`), name, type);
  const keys = {
    log: await key('log', ORIGIN),
    root: await key('root', `root.${ORIGIN}`),
    admin: await key('admin', `admin.${ORIGIN}`),
    witness: await key('witness', WITNESS, KEY_TYPE_COSIGNATURE),
    indexWitness: await key('index-witness', INDEX_WITNESS, KEY_TYPE_COSIGNATURE),
    registrars: new Map<string, string>(),
    nodes: new Map<string, string>(),
  };
  for (const type of ecosystems) keys.registrars.set(type, await key(registrarOf(type), `${registrarOf(type)}.verbatim.invalid/local`));
  for (const node of members) keys.nodes.set(node.name, await key(node.name, keyName(node)));

  await writeFile(join(dataDir, 'witness.toml'), witnessToml(dataDir, keys));
  const witness = started.use(await start('witness', 'witness'));
  const witnesses = [
    { vkey: keys.witness, url: witness.ready.url },
    { vkey: keys.indexWitness, url: `${witness.ready.url}/index` },
  ];
  /** Beside each node, if wanted: its witness before the log starts, its mirror afterwards. */
  const startRole = async (role: Role, logUrl?: string): Promise<{ name: string; vkey: string; url: string }[]> =>
    Promise.all(
      (mirror ? members : []).map(async (node) => {
        const name = roleOf(node, role);
        const vkey = await key(name, roleKeyName(node, role), KEY_TYPE_COSIGNATURE);
        await writeFile(
          join(dataDir, `${name}.toml`),
          roleToml(dataDir, node, role, {
            vkey: keys.log,
            ...(logUrl === undefined ? {} : { followed: { url: logUrl, rootVkey: keys.root } }),
          }),
        );
        return { name, vkey, url: started.use(await start(name, role)).ready.url };
      }),
    );
  witnesses.push(...(await startRole('witness')));
  await writeFile(join(dataDir, 'log.toml'), logToml(dataDir, witnesses));
  const log = started.use(await start('log', 'log'));
  const { url } = log.ready;
  progress(`log ${ORIGIN} at ${url}, its growth cosigned by ${WITNESS}, its index audited by ${INDEX_WITNESS}`);

  const mirrors = (await startRole('mirror', url)).map((each) => ({ ...each, url: `${each.url}/${toHex(sha256(utf8Encode(ORIGIN)))}` }));
  if (mirrors.length > 0) progress('beside each node a witness and a mirror of the log, each with a key of its own');

  await writeFile(join(dataDir, 'log.policy'), logPolicy(keys.log, url, keys.witness));
  const policy = join(dataDir, 'client.policy');
  const expires = `${new Date(Date.now() + POLICY_DAYS * 86_400_000).toISOString().slice(0, 19)}Z`;
  await writeFile(policy, clientPolicy(keys, members, url, expires));

  const enrol = (role: string, vkey: string, operator: string, scope: readonly string[]): Promise<string> =>
    mustVerbatim([
      ...['log', 'admin', 'enrol', '--policy', policy, '--key', join(dataDir, 'admin.key')],
      ...['--role', role, '--vkey', vkey, '--operator', operator, ...scope.flatMap((prefix) => ['--scope', prefix])],
    ]);
  for (const [type, vkey] of keys.registrars) await enrol('registrar', vkey, 'local', [`pkg:${type}/`]);
  for (const { name, operator } of members) await enrol('rebuilder', keys.nodes.get(name)!, operator, []);
  progress(
    `enrolled a registrar of ${ecosystems.join(', ')} and ${members.length} rebuilders: ${members.map(({ name }) => name).join(', ')}`,
  );

  const services = started.move();
  return {
    log: { origin: ORIGIN, vkey: keys.log, url, dataDir: join(dataDir, 'log') },
    policy,
    mirrors,
    registrarKey: (type) => join(dataDir, `${registrarOf(type)}.key`),
    nodeNames: new Map([...keys.nodes].map(([name, vkey]) => [keyidOfVkey(vkey), name])),
    async startNodes(nodes = members) {
      await Promise.all(
        nodes.map(async (node) => {
          await writeFile(join(dataDir, `${node.name}.toml`), rebuilderToml(dataDir, cacheDir, node, { url, rootVkey: keys.root }));
          services.use(await start(node.name, 'rebuilder', await runtimeOf(node, dataDir, cacheDir)));
        }),
      );
    },
    broken: broken.promise,
    [Symbol.asyncDispose]: () => services.disposeAsync(),
  };
}

/** A node of another platform is in a root of that platform, where it sees what is its own, and the cache that all share. */
async function runtimeOf({ name, hostPlatform }: Node, dataDir: string, cacheDir: string): Promise<Runtime | undefined> {
  if (hostPlatform === HOST_PLATFORM) return undefined;
  const own = join(dataDir, name);
  await mkdir(own, { recursive: true, mode: 0o700 });
  return inArm64Root({ writable: [own, cacheDir], readable: [`${own}.toml`, `${own}.key`, `${own}.key.pub`, join(dataDir, 'log.policy')] });
}

/** The vkey of a key file, which is made when it is not there. */
async function keyFile(path: string, name: string, type: number = KEY_TYPE_ED25519): Promise<string> {
  if (!existsSync(path)) return (await createKeyFile(path, name, { type })).vkey;
  return (await readFile(`${path}.pub`, 'utf8')).replace(/\n$/, '');
}
