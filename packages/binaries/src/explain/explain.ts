/**
 * Says why two files differ that should be the same build of the same release.
 *
 * What the classes claim, and why a change of source cannot hide behind them:
 *
 * 1. Only `identical` is a match. Every other class is a reading aid.
 * 2. The file is cut into parts that cover it completely (parts.ts). A part that differs stays *open* until all of its differing bytes are
 *    accounted for. What is loaded is decided by what the system loads. Headers that contradict themselves make the file one part.
 * 3. Bytes are accounted for only by identifiers in their exact form (ids.ts), by tables that follow from such parts (derived.ts), by parts that
 *    are never loaded and that one side lacks, by signatures, and by values that the build itself is shown to have put there (judge.ts). A value
 *    that merely looks like a time or a path accounts for nothing.
 * 4. What a file says about itself (build info, build ID, `.comment`) can be a lie. Claims name causes and account for nothing.
 * 5. Another compiler, another setting or another dependency changes machine code everywhere, and no comparison of two files can tell its work from
 *    a change of source. Such a difference is `unexplained` with its cause named, until a rebuild with that one setting changed has the published
 *    bytes (`context.rebuilds`): then it is `explained`, by proof.
 * 6. `nondeterministic` says that our own unvaried rebuilds differ in all the places in which the published file differs: nothing can be told.
 *
 * Work is linear in the size of the files, and bounded by limits.ts.
 */
import { orElse } from '../errors.ts';
import { sameBytes } from './bytes.ts';
import { buildIdCauses, buildIdClaims } from './build-id-causes.ts';
import { claimsOf } from './claims.ts';
import { causeOf, clipped } from './causes.ts';
import { settleDerived } from './derived.ts';
import { Evidence } from './evidence.ts';
import { settleIds } from './ids.ts';
import { leadsOf } from './leads.ts';
import { Ledger } from './ledger.ts';
import { MAX_CAUSES, MAX_CLAIMS, MAX_FILE_BYTES, MAX_LISTED_PARTS, MAX_STRING_LENGTH } from './limits.ts';
import { movedBytes } from './moved.ts';
import { settleMovedFolders } from './moved-folder.ts';
import { permutedStretch } from './order.ts';
import { compressedCauses, settleSignatures, settleStripped, strippedLeads } from './other-parts.ts';
import { disagree, matchingRebuild, settleOwnRebuilds } from './own-rebuilds.ts';
import { PartPair, differingPairs } from './pairs.ts';
import { wholeFile } from './parts.ts';
import { rustProfileCauses } from './rust-profile.ts';
import { settleSlots } from './slots.ts';
import { stringDifferences } from './strings.ts';
import { symbolHashCauses } from './symbol-hash.ts';
import type { Cause, CauseCode, ClaimDifference, ExplainContext, Explanation, ExplanationClass } from './types.ts';

/** Causes that change strings all over: what these suggest is noise then. */
const SWEEPING: ReadonlySet<CauseCode> = new Set(['target', 'compiler-version']);
const NO_STRINGS = { publishedOnly: [], rebuiltOnly: [] };

/** Never throws, whatever the bytes. Files above 512 MiB are only compared as a whole. */
export function explain(published: Uint8Array, rebuilt: Uint8Array, context: ExplainContext = {}): Explanation {
  const sizes = { published: published.length, rebuilt: rebuilt.length };
  const same = { class: 'identical', sizes, causes: [], claims: [], parts: [], strings: NO_STRINGS, truncated: [] } as const;
  if (sameBytes(published, rebuilt)) return same;
  if (Math.max(published.length, rebuilt.length) > MAX_FILE_BYTES) return { ...same, class: 'unexplained', truncated: ['file'] };

  const truncated = new Set<string>();
  const claims = claimsOf(published, rebuilt);
  const idClaims = buildIdClaims(published, rebuilt);
  const ledger = new Ledger(pairsOf(published, rebuilt));
  const evidence = new Evidence(context);

  const ids = orElse(() => settleIds(ledger, published, rebuilt), []);
  const stripped = settleStripped(ledger);
  const signatures = orElse(() => settleSignatures(ledger, published, rebuilt), []);
  const folders = orElse(() => settleMovedFolders(ledger, evidence, published, rebuilt), []);
  const slots = settleSlots(ledger, evidence, claims.claims);
  const own = settleOwnRebuilds(ledger, evidence);
  orElse(() => settleDerived(ledger, published, rebuilt), undefined);

  const { strings, truncated: someStrings } = stringDifferences(ledger.pairs);
  if (someStrings) truncated.add('strings');
  const match = matchingRebuild(published, context);
  const category = classOf(ledger, match, disagree(rebuilt, context));
  const proven = slots.filter(({ certainty }) => certainty === 'proven');
  const likely = slots.filter(({ certainty }) => certainty === 'likely');
  const open = ledger.pairs.filter((pair) => !pair.settled);
  const known = [
    ...compressedCauses(published, rebuilt),
    ...(match === null || match.setting === null ? claims.causes : claims.causes.map((cause) => proved(cause, match.setting!))),
    ...(match?.causes ?? []),
    ...folders,
    ...proven,
    ...own,
    ...(stripped.length > 0 ? stripped : strippedLeads(published, rebuilt)),
    ...signatures,
    ...symbolHashCauses(ledger.pairs),
    ...open.filter((pair) => permutedStretch(pair) !== null).map((pair) => causeOf('order', { covers: [{ part: pair.name, bytes: 0 }] })),
    ...likely,
    ...(open.length === 0 || claims.causes.some(({ code }) => SWEEPING.has(code))
      ? []
      : leadsOf(strings, [...claims.claims, ...idClaims], context.host)),
  ];
  const nameless = known.every(({ code }) => code === 'different-source');
  const byId =
    nameless || category === 'identical-except-ids'
      ? buildIdCauses(idClaims, rebuilt, category === 'identical-except-ids', ids, context.host?.toolchains)
      : [];
  const moved = category === 'unexplained' ? movedBytes(ledger.pairs, published, rebuilt) : new Map<string, number>();
  const suspected = suspicion(ledger, known.length + byId.length, moved);
  const isOrder = known.length > 0 && known.every(({ code }) => code === 'order');
  const options = match === null && (suspected.length > 0 || isOrder) ? rustProfileCauses(ledger, published, rebuilt, claims.claims) : [];
  const [shown, guessed] = [options.filter((cause) => cause.evidence.length > 0), options.filter((cause) => cause.evidence.length === 0)];
  const rest = category === 'identical-except-ids' ? [] : [...shown, ...suspected, ...guessed];
  const named = match === null || match.setting === null ? byId : byId.map((cause) => proved(cause, match.setting!));
  const causes = unique([...known, ...named, ...rest]);

  if (ledger.pairs.some((pair) => pair.truncated)) truncated.add('runs');
  if (ledger.pairs.length > MAX_LISTED_PARTS) truncated.add('parts');
  if (claims.claims.length + idClaims.length > MAX_CLAIMS) truncated.add('claims');
  if (causes.length > MAX_CAUSES) truncated.add('causes');
  return {
    class: category,
    sizes,
    causes: causes.slice(0, MAX_CAUSES),
    claims: [...claims.claims, ...idClaims].slice(0, MAX_CLAIMS).map(clippedClaim),
    parts: ledger.pairs.slice(0, MAX_LISTED_PARTS).map((pair) => pair.report(moved.get(pair.name))),
    strings,
    truncated: [...truncated],
  };
}

/** A cause that the claims name, by a rebuild with what they claim. */
function proved(cause: Cause, by: string): Cause {
  return { ...cause, certainty: 'proven', evidence: [...cause.evidence, by] };
}

function clippedClaim({ claim, published, rebuilt }: ClaimDifference): ClaimDifference {
  const [theirs, ours] = clipped(published, rebuilt);
  return { claim: claim.slice(0, MAX_STRING_LENGTH), published: theirs, rebuilt: ours };
}

/** The differing parts; at least one, though the parts be equal and only stand in another order. */
function pairsOf(published: Uint8Array, rebuilt: Uint8Array): PartPair[] {
  const pairs = differingPairs(published, rebuilt);
  if (pairs.length > 0) return pairs;
  return [new PartPair('file', { part: wholeFile(published), bytes: published }, { part: wholeFile(rebuilt), bytes: rebuilt })];
}

function classOf(ledger: Ledger, match: { unvaried: boolean } | null, disagreeing: boolean): ExplanationClass {
  if (match !== null) return match.unvaried ? 'nondeterministic' : 'explained';
  if (!ledger.settled) return 'unexplained';
  if (ledger.has('own-rebuilds')) return disagreeing ? 'nondeterministic' : 'unexplained';
  if (ledger.has('proven')) return 'explained';
  return ledger.has('id') ? 'identical-except-ids' : 'unexplained';
}

/** What is open without any cause to its name. */
function suspicion(ledger: Ledger, known: number, moved: ReadonlyMap<string, number>): Cause[] {
  const open = ledger.pairs.filter((pair) => !pair.settled);
  if (open.length === 0 || known > 0) return [];
  const covers = open.slice(0, 8).map((pair) => ({ part: pair.name, bytes: 0 }));
  // Where something has another length nearly everything differs: what did more than move is what to look at.
  const parts = open.toSorted((a, b) => Number(onlyMoved(a)) - Number(onlyMoved(b))).slice(0, 8);
  return [causeOf('different-source', { covers, evidence: parts.map(saying) })];

  function onlyMoved(pair: PartPair): boolean {
    return (moved.get(pair.name) ?? 0) >= pair.differing;
  }
  function saying(pair: PartPair): string {
    const count = moved.get(pair.name) ?? 0;
    return `${pair.name}: ${pair.differing} bytes differ${count === 0 ? '' : `, ${count} of them only moved`}`;
  }
}

/** One cause for each code and subject, the first; a later one without a subject only adds the places that it covers, unless it alone is proven. */
function unique(causes: readonly Cause[]): Cause[] {
  const kept: Cause[] = [];
  for (const cause of causes) {
    const at = kept.findIndex(
      ({ code, subject }) => code === cause.code && (cause.subject === null || subject === null || subject === cause.subject),
    );
    const first = kept[at];
    if (first === undefined || (first.certainty === 'likely' && cause.certainty === 'proven')) kept.push(cause);
    else if (first.covers.length === 0) kept[at] = { ...first, covers: cause.covers };
  }
  return kept;
}
