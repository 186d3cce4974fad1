/** Hosts in the words of rustc: the triples of the distribution's own builds that run on Debian and its like. */
import { BuilderError } from '../errors.ts';

const TRIPLES: Readonly<Record<string, string>> = {
  'linux/amd64': 'x86_64-unknown-linux-gnu',
  'linux/arm64': 'aarch64-unknown-linux-gnu',
  'linux/riscv64': 'riscv64gc-unknown-linux-gnu',
};

/** Throws `unsupported-recipe` for a host that Rust is not distributed for. */
export function hostTripleOf(platform: string): string {
  const triple = Object.hasOwn(TRIPLES, platform) ? TRIPLES[platform] : undefined;
  if (triple !== undefined) return triple;
  throw new BuilderError('unsupported-recipe', `expected a host among ${Object.keys(TRIPLES).join(', ')} for Rust, found ${platform}`);
}
