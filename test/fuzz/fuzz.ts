/** Runs a target on many inputs, and on the inputs that once broke it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { inputsFor } from './inputs.ts';
import { must, type Target } from './target.ts';

const CORPUS = new URL('corpus/', import.meta.url);

export interface FuzzResult {
  readonly executions: number;
  readonly accepted: number;
  /** The smallest input found that breaks a property, and how. */
  readonly failure: { readonly input: Uint8Array; readonly error: unknown } | null;
}

/** Every built-in prototype that an attacker's keys could end up in. */
const PROTOTYPES = [Object.prototype, Array.prototype, Map.prototype, String.prototype, Uint8Array.prototype];
const members = (): string => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length).join();
const MEMBERS = members();

/** One execution with everything that must hold for any target. Throws what is found. */
export async function judge({ accepts }: Pick<Target, 'accepts'>, input: Uint8Array): Promise<boolean> {
  const before = Buffer.from(input);
  const accepted = await accepts(input);
  must(before.equals(input), 'the input was changed');
  must(members() === MEMBERS, 'a built-in prototype has other members than before');
  return accepted;
}

/** @param seed of the random choices; another one each time when left out */
export async function fuzz(target: Target, { runs, seed }: { runs: number; seed?: number }): Promise<FuzzResult> {
  let [executions, accepted] = [0, 0];
  const property = fc.asyncProperty(inputsFor(target), async (input) => {
    executions += 1;
    if (await judge(target, input)) accepted += 1;
  });
  const details = await fc.check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  if (!details.failed) return { executions, accepted, failure: null };
  return { executions, accepted, failure: { input: details.counterexample![0], error: details.errorInstance } };
}

const folderOf = ({ name }: Pick<Target, 'name'>): string => fileURLToPath(new URL(name, CORPUS));

/** Inputs that broke the target once, by name. */
export function corpusOf(target: Pick<Target, 'name'>): Map<string, Uint8Array> {
  const folder = folderOf(target);
  if (!existsSync(folder)) return new Map();
  return new Map(readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(`${folder}/${file}`))]));
}

/** Returns the file's path. */
export function addToCorpus(target: Pick<Target, 'name'>, input: Uint8Array): string {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${createHash('sha256').update(input).digest('hex').slice(0, 16)}`;
  writeFileSync(file, input);
  return file;
}
