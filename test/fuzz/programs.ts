/** Programs to start from: one small Go program for four formats, stripped, made by the machine's own go command. Made once a process. */
import { bytesOf, GoModuleFolder, HELLO } from '../../packages/binaries/src/_go-programs.ts';

const TARGETS = ['linux/amd64', 'darwin/arm64', 'windows/386', 'js/wasm'];
let made: Uint8Array[] | undefined;

export function programs(): Uint8Array[] {
  if (made !== undefined) return made;
  using folder = new GoModuleFolder(HELLO);
  made = TARGETS.map((target) => bytesOf(folder.build({ target, flags: ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'] })));
  return made;
}
