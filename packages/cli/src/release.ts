import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import {
  MAX_ENTRY_BYTES,
  PREDICATE,
  addSignature,
  counted,
  decodeEntry,
  encodeRecipe,
  makeRelease,
  recipeDigest,
  recipeOutputs,
  recipeTarget,
  recipeToolchains,
  signStatement,
} from '@verbatim/statements';
import type { PublishedArtifact, Recipe } from '@verbatim/statements';
import { CliError } from './errors.ts';
import { readWhole } from './files.ts';
import type { Io } from './io.ts';
import { readRecipe } from './recipe/read-recipe.ts';
import { printSubmitted, submit } from './submit.ts';
import { readMembersOf } from './verify/members.ts';

export interface CreateOptions {
  readonly purl: string;
  readonly recipe: string;
  readonly artifact?: readonly string[];
  readonly unpublished?: readonly string[];
  readonly key: string;
  readonly out: string;
  readonly publisher?: boolean;
  readonly registrar?: boolean;
  readonly retrievedAt?: string;
  readonly part: string;
}

export async function createRelease(options: CreateOptions, io: Io): Promise<void> {
  const { purl, key, out, publisher, registrar } = options;
  if (publisher === registrar) throw new CliError('usage', 'say who you are: --publisher or --registrar');
  const [, index, of] = /^([1-9][0-9]{0,2})\/([1-9][0-9]{0,2})$/.exec(options.part) ?? [];
  if (index === undefined || of === undefined) throw new CliError('usage', `--part: expected i/n, found ${JSON.stringify(options.part)}`);
  const recipe = readRecipe(options.recipe);
  const artifacts: PublishedArtifact[] = [];
  for (const text of options.artifact ?? []) artifacts.push(await readArtifact(text, purl, recipe));
  const unpublished = (options.unpublished ?? []).map((name) => ({ name, target: builtTarget(name, recipe, '--unpublished') }));
  if (artifacts.length + unpublished.length === 0) throw new CliError('usage', 'name at least one --artifact or --unpublished');
  const unnamed = recipeOutputs(recipe).find((output) => ![...artifacts, ...unpublished].some(({ name }) => name === output));
  if (unnamed !== undefined) {
    const message = `the recipe builds ${unnamed} as well: name it and its file with --artifact, or with --unpublished if nobody published it`;
    throw new CliError('usage', message);
  }
  const at = options.retrievedAt ?? `${io.now().toISOString().slice(0, 19)}Z`;
  // Where nothing is published, what the registrar looked at is the release itself.
  const uris = artifacts.length === 0 ? [purl] : artifacts.map(({ coordinate }) => coordinate);
  const retrieved = [...new Set(uris)].map((uri) => ({ uri, at }));
  const release = makeRelease({
    purl,
    part: { index: Number(index), of: Number(of) },
    claim: publisher ? { kind: 'publisher' } : { kind: 'registrar', retrieved },
    toolchain: recipeToolchains(recipe),
    recipe,
    artifacts,
    ...(unpublished.length === 0 ? {} : { unpublished }),
  });
  const entry = signStatement(release, [loadSigner(key)]);
  const { durable } = await import('@verbatim/service-kit/durable');
  await durable.createFile(out, entry);
  for (const { name, sha256 } of artifacts) io.out(`sha256:${sha256}  ${name}\n`);
  const digest = recipeDigest(recipe);
  const inline = release.predicate.recipe.inline !== undefined;
  io.err(
    `wrote ${out}; recipe sha256:${digest} ${inline ? 'is in it' : `is larger than 2048 bytes: submit with --recipe ${options.recipe} --key ${key}`}\n`,
  );
}

function builtTarget(name: string, recipe: Recipe, option: string): string {
  const built = recipeOutputs(recipe);
  if (built.includes(name)) return recipeTarget(recipe, name);
  throw new CliError('usage', `${option} ${name}: the recipe has no such output; it builds ${built.join(', ')}`);
}

/** `name=FILE[,coordinate=…][,member=…][,container=…][,target=…]` with what is found in the files. */
async function readArtifact(text: string, purl: string, recipe: Recipe): Promise<PublishedArtifact> {
  const [first, ...rest] = text.split(',');
  const equals = first!.indexOf('=');
  if (equals <= 0) throw new CliError('usage', `--artifact: expected NAME=FILE first, found ${JSON.stringify(text)}`);
  const name = first!.slice(0, equals);
  const file = first!.slice(equals + 1);
  const fields = new Map<string, string>();
  for (const field of rest) {
    const [, key, value] = /^(coordinate|member|container|target)=(.+)$/.exec(field) ?? [];
    if (key === undefined || value === undefined || fields.has(key))
      throw new CliError('usage', `--artifact ${name}: found ${JSON.stringify(field)}, which is not understood`);
    fields.set(key, value);
  }
  const target = fields.get('target') ?? builtTarget(name, recipe, '--artifact');
  const [path, container] = [fields.get('member'), fields.get('container')];
  if ((path === undefined) !== (container === undefined))
    throw new CliError('usage', `--artifact ${name}: member and container belong together`);
  if (file === '' && container === undefined) throw new CliError('usage', `--artifact ${name}: name its file`);
  const coordinate = fields.get('coordinate') ?? purl;
  if (container === undefined) return { name, target, coordinate, ...digests(readWhole(file)) };
  const archive = readWhole(container);
  const member = (await readMembersOf(container, archive, (candidate) => candidate === path)).find((candidate) => candidate.path === path);
  if (member === undefined || member.bytes === null) throw new CliError('file', `--artifact ${name}: ${container} has no member ${path}`);
  const found = digests(member.bytes);
  if (file !== '' && digests(readWhole(file)).sha256 !== found.sha256) {
    throw new CliError('file', `--artifact ${name}: ${file} is not the member ${path} of ${container}`);
  }
  return { name, target, coordinate, member: { path: path!, container: { name: basename(container), ...digests(archive) } }, ...found };
}

function digests(bytes: Uint8Array): { sha256: string; sha512: string } {
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  return { sha256: digest('sha256'), sha512: digest('sha512') };
}

export interface ApproveOptions {
  readonly key: string;
  readonly out?: string;
}

export async function approveRelease(file: string, { key, out }: ApproveOptions, io: Io): Promise<void> {
  const entry = addSignature(readStatement(file), loadSigner(key));
  const { durable } = await import('@verbatim/service-kit/durable');
  if (out === undefined) await durable.writeFile(file, entry);
  else await durable.createFile(out, entry);
  io.err(`wrote ${out ?? file}: ${counted(decodeEntry(entry).envelope.signatures.length, 'signature')}\n`);
}

export interface SubmitOptions {
  readonly log?: string;
  readonly vkey?: string;
  readonly policy?: string;
  readonly recipe?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export async function submitRelease(file: string, { recipe, key, json, vkey, ...where }: SubmitOptions, io: Io): Promise<void> {
  if ((recipe === undefined) !== (key === undefined))
    throw new CliError('usage', '--recipe and --key belong together: a blob is stored with a signature');
  const entry = readStatement(file);
  const blob = recipe === undefined ? undefined : { bytes: encodeRecipe(readRecipe(recipe)), signer: loadSigner(key!) };
  const log = { ...where, ...(vkey === undefined ? {} : { logVkey: vkey }) };
  printSubmitted(await submit(entry, log, io, blob), json, io);
}

/** The bytes of a release's statement: checked here, so that nothing else is approved or sent. */
function readStatement(path: string): Uint8Array {
  const bytes = readWhole(path, MAX_ENTRY_BYTES);
  let type: string;
  try {
    type = decodeEntry(bytes).statement.predicateType;
  } catch (cause) {
    throw new CliError('file', `${path} is no signed statement`, { cause });
  }
  if (type !== PREDICATE.release) throw new CliError('file', `${path}: expected the statement of a release, found ${type}`);
  return bytes;
}
