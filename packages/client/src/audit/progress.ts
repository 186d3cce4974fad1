/** How far an audit is, as text for its store. */
import { utf8Decode, utf8Encode } from '@verbatim/tlog';
import { ClientError } from '../errors.ts';
import type { FollowPosition } from '../follow/consumer.ts';
import type { IndexFinding } from './finding.ts';

export interface Progress {
  readonly position: FollowPosition;
  /** Whether the last entry was an index root. */
  readonly sealed: boolean;
  /** Whether the entries so far are another log's, which this one goes on from. */
  readonly inherited: boolean;
  /** The log's keys, as rotations named them. */
  readonly vkeys: readonly string[];
  readonly findings: readonly IndexFinding[];
  /** Where the evidence of the first of them was saved. */
  readonly evidencePath: string | null;
}

const VERSION = 1;

export function encodeProgress({ position, ...rest }: Progress): string {
  const text = { ...position, checkpoint: utf8Decode(position.checkpoint), next: String(position.next) };
  return JSON.stringify({ version: VERSION, position: text, ...rest });
}

/** Throws `ClientError` 'unusable' for what `encodeProgress` has not made. */
export function decodeProgress(text: string): Progress {
  try {
    const { version, position, ...rest } = JSON.parse(text) as {
      version: number;
      position: Record<'checkpoint' | 'next' | 'vkey', string>;
    } & Omit<Progress, 'position'>;
    if (version !== VERSION) throw new Error(`expected version ${VERSION}, found ${version}`);
    const progress = { position: { ...position, checkpoint: utf8Encode(position.checkpoint), next: BigInt(position.next) }, ...rest };
    if (encodeProgress(progress) !== text) throw new Error('expected what was written, found a change');
    return progress;
  } catch (cause) {
    throw new ClientError('unusable', 'expected the state of an audit, found something else: remove it, and the audit begins anew', {
      cause,
    });
  }
}
