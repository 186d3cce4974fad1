/**
 * Programs without build info that are Go's all the same: esbuild has been linked since 0.27 by a linker whose call of ctxt.buildinfo is commented
 * out, by one line of sed in its Makefile. The way to take the build info out of a program is this one line.
 */
import type { GoRecipe } from '@verbatim/statements';

type Patched = NonNullable<GoRecipe['toolchain']['patched']>;

/** The linker's source in a toolchain. */
export const LINKER_SOURCE = 'src/cmd/link/internal/ld/main.go';
const CALL = 'ctxt.buildinfo';

/** The change as a recipe has it; null where that version's linker has no such line, or several. */
export function withoutBuildInfo({ text, sha256 }: { readonly text: string; readonly sha256: string }): Patched | null {
  if (text.split(CALL).length !== 2) return null;
  return [{ tool: 'link', files: [{ file: LINKER_SOURCE, sha256, edits: [{ find: CALL, replace: `//${CALL}` }] }] }];
}
