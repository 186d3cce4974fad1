import { causeOf, versus } from './causes.ts';
import type { Cause, CauseCode, ClaimDifference, ClassifiedString, HostFacts, StringClass, StringDifferences } from './types.ts';

/** Classes whose values on both sides, none of them the same, suggest a cause. */
const SUGGESTS: readonly (readonly [StringClass, CauseCode])[] = [
  ['timestamp', 'timestamp'],
  ['uuid', 'random-value'],
  ['temporary-path', 'temporary-path'],
  ['host', 'hostname'],
  ['hex', 'random-value'],
];

/** Paths of Rust's own library: its commit is a claim. */
const OF_RUST = /^\/rustc\/[0-9a-f]{40}\//;

/** Causes that strings suggest where places cannot be compared: leads, never proofs. Values that the claims already name are left out. */
export function leadsOf(strings: StringDifferences, claims: readonly ClaimDifference[], host: HostFacts = {}): Cause[] {
  const claimed = claims.map(({ published, rebuilt }) => `${published ?? ''} ${rebuilt ?? ''}`).join('\n');
  const unclaimed = (list: readonly ClassifiedString[]) => list.filter(({ text }) => !claimed.includes(text) && !OF_RUST.test(text));
  const [a, b] = [unclaimed(strings.publishedOnly), unclaimed(strings.rebuiltOnly)];
  const causes: Cause[] = [];
  for (const [kind, code] of SUGGESTS) {
    const [theirs, ours] = [a, b].map((list) => list.filter((string) => string.class === kind).map(({ text }) => text));
    const [left, right] = [theirs![0], ours![0]];
    if (left === undefined || right === undefined || causes.some((cause) => cause.code === code)) continue;
    causes.push(causeOf(code, { evidence: [versus(kind, left, right)] }));
  }
  const moved = movedPath(a, b);
  if (moved !== null) causes.push(causeOf('build-path', { subject: `${moved.published} or ${moved.rebuilt}`, evidence: [moved.fact] }));
  causes.push(...hostLeads(b, host));
  return causes;
}

/** Two paths that end alike under different folders. */
function movedPath(
  a: readonly ClassifiedString[],
  b: readonly ClassifiedString[],
): { published: string; rebuilt: string; fact: string } | null {
  const byName = new Map<string, string>();
  for (const { class: kind, text } of b) if (kind === 'path' || kind === 'temporary-path') byName.set(lastSegment(text), text);
  for (const { class: kind, text } of a) {
    if (kind !== 'path' && kind !== 'temporary-path') continue;
    const other = byName.get(lastSegment(text));
    if (other === undefined || other === text) continue;
    let tail = 0;
    while (tail < Math.min(text.length, other.length) && text.at(-1 - tail) === other.at(-1 - tail)) tail += 1;
    const folders = [text, other].map((path) => path.slice(0, path.length - tail)) as [string, string];
    return { published: folders[0], rebuilt: folders[1], fact: versus('path', text, other) };
  }
  return null;
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Our own names among the strings that only the rebuilt file has. */
function hostLeads(ours: readonly ClassifiedString[], host: HostFacts): Cause[] {
  const causes: Cause[] = [];
  const look = (code: CauseCode, kind: string, value: string | undefined) => {
    if (value === undefined || value.length < 3) return;
    const found = ours.find(({ text }) => text.includes(value));
    if (found !== undefined)
      causes.push(causeOf(code, { evidence: [`${kind}: the rebuilt file has ours, ${value}, in ${JSON.stringify(found.text)}`] }));
  };
  look('hostname', 'host name', host.hostname);
  look('user', 'user', host.user);
  for (const folder of host.folders ?? []) if (folder.split('/').length > 2) look('build-path', 'build folder', folder);
  return causes;
}
