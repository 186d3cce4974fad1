/** Host platforms in Go's words. */
import { BuilderError } from './errors.ts';

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  arm: 'arm',
  arm64: 'arm64',
  ia32: '386',
  loong64: 'loong64',
  mips: 'mips',
  mipsel: 'mipsle',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'amd64',
};

/** The platform that this process runs on, such as `linux/amd64`. Throws `unsupported-recipe` where Go has no name for it. */
export function hostPlatform(): string {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) {
    throw new BuilderError('unsupported-recipe', `expected a host that Go runs on, found ${process.platform}/${process.arch}`);
  }
  return `${process.platform === 'win32' ? 'windows' : process.platform}/${architecture}`;
}
