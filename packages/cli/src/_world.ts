// Test helper: a small world on disk (policy, bundle, files) and the real command as a child process.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeBundle } from '@verbatim/consensus';
import type { Lookup } from '@verbatim/statements';
import { Scene, testVkey } from '@verbatim/testkit';
import type { SceneOptions } from '@verbatim/testkit';
import type { Signer } from '@verbatim/tlog';
import { vkeyOf } from '@verbatim/tlog/node';
import { afterAll } from 'vitest';

const BUILD = fileURLToPath(new URL('../build.ts', import.meta.url));
let built: Folder | null = null;
// Not when the process exits: a worker of the test runner is stopped before that.
afterAll(() => {
  built?.[Symbol.dispose]();
  built = null;
});

/** The command, bundled from the present sources once for each test file: it starts four times faster than from the sources. */
export function bundledCommand(): string {
  if (built === null) {
    built = new Folder();
    execFileSync(process.execPath, [BUILD, built.path]);
  }
  return join(built.path, 'verbatim.js');
}

export interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Programs in front of the command, such as `strace` and its options. */
  readonly prefix?: readonly string[];
  readonly node?: string;
  readonly cwd?: string;
}

/** Runs the command as a process, with nothing of the user's environment but PATH. */
export function verbatim(
  args: readonly string[],
  { env = {}, input, prefix = [], node = process.execPath, cwd }: RunOptions = {},
): Promise<Ran> {
  const [program, ...rest] = [...prefix, node, bundledCommand(), ...args];
  const child = spawn(program!, rest, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: '/nonexistent', ...env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** A folder that is removed by `using`. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'verbatim-cli-'));

  file(name: string, content: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  folder(name: string): void {
    mkdirSync(join(this.path, name), { recursive: true });
  }

  read(path: string): string {
    return readFileSync(path, 'utf8');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const OPERATORS = ['acme', 'beta', 'gamma'] as const;
export const WITNESS = 'witness.example/w1';

/** The lookup key of a file with this content. */
export const lookupOf = (content: string): Lookup => ({ type: 'artifact', value: createHash('sha256').update(content).digest('hex') });

export interface BundleSketch {
  readonly age?: number;
  readonly witnesses?: readonly Signer[];
  readonly others?: readonly Lookup[];
}

/** A scene, its policy and its bundles as files. Everything happened just now. */
export class World extends Folder {
  readonly scene: Scene;
  policy: string;

  constructor(options: SceneOptions = {}, lines: readonly string[] = ['require 2']) {
    super();
    this.scene = new Scene(options);
    this.policy = this.file('policy', this.policyText(lines));
  }

  policyText(lines: readonly string[], { url = '', expires = '2099-01-01T00:00:00Z', quorum = 'w1' } = {}): string {
    const { log, root, registrar, rebuilders } = this.scene;
    return [
      'version 1',
      `expires ${expires}`,
      `log ${log.vkey}${url === '' ? '' : ` ${url}`}`,
      `root ${vkeyOf(root)}`,
      `witness w1 ${testVkey(WITNESS, 0x04)}`,
      `quorum ${quorum}`,
      ...OPERATORS.map((operator) => `operator ${operator}`),
      ...rebuilders.map((rebuilder, i) => `rebuilder ${OPERATORS[i]}-1 ${OPERATORS[i]} linux/amd64 ${vkeyOf(rebuilder)}`),
      `claimant watch registrar pkg:npm/ ${vkeyOf(registrar)}`,
      ...lines,
      '',
    ].join('\n');
  }

  /** Everything in the log, cosigned `age` seconds ago, as a bundle file; with proofs about what is in it and about `others`. */
  bundle(name = 'bundle.json', { age = 60, witnesses = this.scene.log.witnesses, others = [] }: BundleSketch = {}): string {
    const timestamp = Math.floor(Date.now() / 1000) - age;
    return this.file(name, encodeBundle(this.scene.log.evidence(others, { timestamp, witnesses })));
  }
}
