import { latin1 } from './bytes.ts';
import type { Evidence } from './evidence.ts';
import type { PartPair } from './pairs.ts';
import type { Slot } from './slots.ts';
import { instantOf } from './timestamps.ts';
import { isA } from './tokens.ts';
import type { CauseCode, HostFacts, StringClass } from './types.ts';

/** What a differing value is, after the evidence was heard. */
export interface Judgement {
  readonly code: CauseCode;
  readonly proven: boolean;
  /** The proof is that our own unvaried rebuilds differ there. */
  readonly ownRebuilds: boolean;
  /** `, which …`, or empty. */
  readonly because: string;
}

/**
 * Looks are no proof: a constant of the source can look like a time or a path. A value is put there by the build, and so accounts for its
 * bytes, only if
 *
 * - one of our own further rebuilds has another value of the same shape at that place, or
 * - it is what only our build could know (the second in which it ran; or its host name, user or folder, when the inputs are given and do not contain it).
 *
 * A value that stands in an input is a constant of the source, and its difference a difference of source.
 */
export function judge(slot: Slot, pair: PartPair, evidence: Evidence): Judgement {
  const changing = evidence.changing(pair, slot).filter(({ bytes }) => sameShape(slot, latin1(bytes)));
  const [change] = changing;
  if (change !== undefined) {
    const unvaried = changing.find(({ varied }) => varied.length === 0);
    const how = unvaried === undefined ? `with another ${change.varied.join(', ')} ` : '';
    return {
      code: slot.code,
      proven: true,
      ownRebuilds: unvaried !== undefined,
      because: `, and ${latin1((unvaried ?? change).bytes)} when we built again ${how}`.trimEnd(),
    };
  }
  if (evidence.inInputs(slot.rebuilt) === true) {
    return { code: 'different-source', proven: false, ownRebuilds: false, because: ', and the rebuilt value stands in the source' };
  }
  const proven = isOfOurBuild(slot, evidence);
  return { code: slot.code, proven, ownRebuilds: false, because: proven ? ', which only our build can have put there' : '' };
}

const CLASSES: ReadonlySet<string> = new Set(['uuid', 'timestamp', 'temporary-path', 'path', 'host', 'hex'] satisfies StringClass[]);

function sameShape({ kind }: Slot, other: string): boolean {
  return CLASSES.has(kind) ? isA(kind as StringClass, other) : kind.startsWith('POSIX') || /^[\x21-\x7e]+$/.test(other);
}

function isOfOurBuild(slot: Slot, evidence: Evidence): boolean {
  const { host, publishedAt } = evidence.context;
  switch (slot.kind) {
    case 'POSIX time as an integer':
      return true;
    case 'timestamp':
      return host !== undefined && isMomentOf(host, slot.rebuilt) && isPlausible(slot.published, publishedAt);
    case 'build folder':
    case 'host name':
    case 'user':
      return evidence.inInputs(slot.rebuilt) === false;
    default:
      return false;
  }
}

/** To the minute or better: a whole day is also what a constant could say. */
function isMomentOf({ from, to }: HostFacts, text: string): boolean {
  const instant = instantOf(text);
  if (instant === null || from === undefined || to === undefined || instant.precision > 60) return false;
  return instant.seconds >= Math.floor(from) - instant.precision && instant.seconds <= to + 1;
}

const DAY = 86_400;

/** A build does not run after its result was published, nor years before. */
function isPlausible(text: string, publishedAt: number | undefined): boolean {
  const instant = instantOf(text);
  if (instant === null) return false;
  return publishedAt === undefined || (instant.seconds <= publishedAt + DAY && instant.seconds >= publishedAt - 2 * 366 * DAY);
}
