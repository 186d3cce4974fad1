import { readGoBuildId } from '../build-id.ts';
import { readGoBuildInfo } from '../build-info.ts';
import { orElse } from '../errors.ts';
import { causeOf, versus } from './causes.ts';
import { commentOf } from './claims-toolchain.ts';
import type { Cause, ClaimDifference, Coverage } from './types.ts';

/** `actionID(link)/actionID(main)/contentID(main)/contentID(exe)` (cmd/go/internal/work/buildid.go). */
const PARTS = ['build id: link', 'build id: main package', 'build id: compiled main package', 'build id: executable'] as const;

/** The parts of the Go build IDs that differ. They are hashes of inputs and results, written by the linker and checked by nobody. */
export function buildIdClaims(published: Uint8Array, rebuilt: Uint8Array): ClaimDifference[] {
  const [a, b] = [readGoBuildId(published), readGoBuildId(rebuilt)];
  if (a === null && b === null) return [];
  const [left, right] = [a?.split('/') ?? [], b?.split('/') ?? []];
  if (left.length !== PARTS.length || right.length !== PARTS.length)
    return a === b ? [] : [{ claim: 'build id', published: a, rebuilt: b }];
  return PARTS.flatMap((claim, i) => (left[i] === right[i] ? [] : [{ claim, published: left[i]!, rebuilt: right[i]! }]));
}

/**
 * What the parts that differ mean when the build info says the same. `onlyIds`: all else is equal too.
 *
 * - link alone: another spelling of -ldflags, or an -X of a variable that does not exist.
 * - link and main package, compiled the same: the main package had another input that left no trace, such as the go line of go.mod.
 * - link and executable, main package the same: the link differs: -X of a variable, or the C objects.
 */
export function buildIdCauses(
  claims: readonly ClaimDifference[],
  rebuilt: Uint8Array,
  onlyIds: boolean,
  covers: readonly Coverage[],
  toolchains: readonly string[] = [],
): Cause[] {
  const differs = PARTS.map((claim) => claims.some((difference) => difference.claim === claim));
  const evidence = claims.map(({ claim, published, rebuilt }) => versus(claim, published, rebuilt));
  const [link, main, compiled, executable] = differs as [boolean, boolean, boolean, boolean];
  if (claims.length === 0) return onlyIds ? [withoutGoId(rebuilt, covers, toolchains)] : [];
  if (!link || compiled) return onlyIds ? [causeOf('build-id', { proven: true, evidence, covers })] : [];
  if (main) return onlyIds || !executable ? [causeOf('go-line', { evidence, covers })] : [];
  if (!onlyIds) return [causeOf(usesC(rebuilt) ? 'linker-or-crt' : 'ldflags', { evidence, covers: [] })];
  return [causeOf(executable && usesC(rebuilt) ? 'linker-or-crt' : 'ldflags', { evidence, covers })];
}

/**
 * A GNU build ID hashes what was linked, `.comment` too, which is stripped afterwards: equal code under another ID is the C side's doing. The
 * revision of gcc stands in the `.comment` of its crt objects, which are linked into every program.
 */
function withoutGoId(rebuilt: Uint8Array, covers: readonly Coverage[], toolchains: readonly string[]): Cause {
  const gcc = toolchains.filter((each) => /^(?:gcc|g\+\+)(?:-\d+)? /.test(each));
  const tools = gcc.length > 0 ? gcc : commentOf(rebuilt).slice(0, 1);
  const linked = covers.some(({ part }) => part === '.note.gnu.build-id' || part === '.comment' || part === '.gnu_debuglink');
  const evidence = [`equal but for ${covers.map(({ part }) => part).join(', ')}`, ...tools.map((tool) => `rebuilt with ${tool}`)];
  if (!linked) return causeOf('build-id', { evidence, covers });
  return causeOf('linker-or-crt', { ...(gcc.length > 0 ? { subject: 'crt objects of another revision of gcc' } : {}), evidence, covers });
}

const usesC = (bytes: Uint8Array): boolean =>
  orElse(() => readGoBuildInfo(bytes)?.settings.get('CGO_ENABLED') === '1', false) && commentOf(bytes).length > 0;
