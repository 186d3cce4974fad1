/** The `difference` that an observation names as evidence: JSON, at most one blob. Pure. */
import type { FileExplanation, MemberExplanation } from '@verbatim/binaries/archives';
import type { DiffoscopeOutcome, Varied } from '@verbatim/builder';
import { MAX_BLOB_BYTES } from '@verbatim/statements';

export interface FileFacts {
  readonly sha256: string;
  readonly size: number;
}

/** A further build of the same inputs, and what was changed for it. */
export interface OwnBuild extends FileFacts {
  readonly varied: Varied['varied'];
  readonly kept: Varied['kept'];
  /** Towards what the published file claims, such as `GOAMD64=v3`; else empty. */
  readonly settings: readonly string[];
}

export interface Difference {
  readonly published: FileFacts;
  /** What the observation says. */
  readonly rebuilt: FileFacts;
  readonly rebuilds: readonly OwnBuild[];
  readonly explanation: FileExplanation;
  /** Null where our own analysis left nothing open. */
  readonly diffoscope: DiffoscopeOutcome | null;
}

const SCHEMA_VERSION = 1;

/** As one JSON object. What does not fit into a blob goes, the longest form first: diffoscope's report, strings and parts of members, members. */
export function differenceBlob(difference: Difference, maxBytes = MAX_BLOB_BYTES): Uint8Array {
  const { explanation } = difference;
  const forms: (() => Difference)[] = [
    () => difference,
    () => ({ ...difference, diffoscope: null }),
    () => ({ ...difference, diffoscope: null, explanation: { ...explanation, members: explanation.members.map(withCausesOnly) } }),
    () => ({
      ...difference,
      diffoscope: null,
      explanation: { ...explanation, members: [], truncated: [...explanation.truncated, 'members'] },
    }),
  ];
  for (const form of forms) {
    const bytes = new TextEncoder().encode(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...form() })}\n`);
    if (bytes.length <= maxBytes) return bytes;
  }
  throw new Error(`expected an explanation of at most ${maxBytes} bytes without its members`);
}

function withCausesOnly({ explanation, ...member }: MemberExplanation): MemberExplanation {
  if (explanation === null) return { ...member, explanation };
  const members = explanation.members.map(withCausesOnly);
  const strings = { publishedOnly: [], rebuiltOnly: [] };
  return { ...member, explanation: { ...explanation, claims: [], parts: [], strings, members, truncated: ['claims', 'parts', 'strings'] } };
}
