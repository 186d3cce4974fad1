/** Target triples of rustc (`rustc --print target-list`) in the words of platforms. */
import { string } from './schema.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  armv7: 'arm',
  i686: '386',
  loongarch64: 'loong64',
  powerpc64le: 'ppc64le',
  riscv64gc: 'riscv64',
  s390x: 's390x',
  x86_64: 'amd64',
};
const SYSTEMS: Readonly<Record<string, string>> = {
  'apple-darwin': 'darwin',
  'pc-windows-gnu': 'windows',
  'pc-windows-msvc': 'windows',
  'unknown-freebsd': 'freebsd',
  'unknown-linux-gnu': 'linux',
  'unknown-linux-gnueabihf': 'linux',
  'unknown-linux-musl': 'linux',
};

/** `linux/amd64` for `x86_64-unknown-linux-gnu`; null for a triple that has no name here. */
export function platformOfTriple(triple: string): string | null {
  const dash = triple.indexOf('-');
  const [architecture, system] = [triple.slice(0, Math.max(dash, 0)), triple.slice(dash + 1)];
  if (!Object.hasOwn(ARCHITECTURES, architecture) || !Object.hasOwn(SYSTEMS, system)) return null;
  return `${SYSTEMS[system]!}/${ARCHITECTURES[architecture]!}`;
}

export const targetTriple = string('a target of rustc such as x86_64-unknown-linux-gnu', 48, (text) => platformOfTriple(text) !== null);
