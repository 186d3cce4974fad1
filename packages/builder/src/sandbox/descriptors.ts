/** File descriptors that this process inherited without close-on-exec would reach the build: Node closes its own, and of others the first sixteen. */
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;

/** Numbers above 2 that a child would inherit. */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map((name) => Number.parseInt(name, 10))
    .filter((number) => number > 2 && isInheritable(number));
}

function isInheritable(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor that listed the folder is gone.
    return false;
  }
}

export interface SealedStdio extends Disposable {
  readonly stdio: readonly ('ignore' | 'pipe' | number)[];
}

/** `stdio` for spawn in which every inherited descriptor beyond `wanted` is replaced by /dev/null. Dispose after the spawn. */
export function sealedStdio(wanted: readonly ('ignore' | 'pipe')[]): SealedStdio {
  const nothing = openSync('/dev/null', 'r+');
  const stdio: ('ignore' | 'pipe' | number)[] = [...wanted];
  for (const descriptor of inheritedDescriptors().filter((number) => number >= wanted.length)) {
    while (stdio.length < descriptor) stdio.push('ignore');
    stdio[descriptor] = nothing;
  }
  return { stdio, [Symbol.dispose]: () => closeSync(nothing) };
}
