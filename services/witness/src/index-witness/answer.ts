/** What an index-witness says beside what every witness says. Refusals are values. */
import { problem } from '@verbatim/service-kit';
import type { Context } from 'hono';
import type { Answer } from '../witness.ts';

/** Right so far: the same request is answered otherwise later. */
export interface NotYet {
  readonly status: 503;
  readonly code: 'catching-up' | 'log-unreadable';
  readonly detail: string;
  /** Seconds. */
  readonly retryAfter: number;
}

/** 403, not 422, which tells a log that its proof is wrong. */
export interface IndexRefusal {
  readonly status: 403;
  readonly code: 'wrong-index' | 'log-too-large';
  readonly detail: string;
}

/** What a witness rebuilds a second, at the least; only to say when to ask again. */
const ENTRIES_A_SECOND = 2000n;
const MAX_RETRY_SECONDS = 60n;

export function catchingUp(behind: bigint): NotYet {
  const seconds = behind / ENTRIES_A_SECOND + 1n;
  const retryAfter = Number(seconds < MAX_RETRY_SECONDS ? seconds : MAX_RETRY_SECONDS);
  const detail = `${behind} entries are still to be audited before this checkpoint can be cosigned`;
  return { status: 503, code: 'catching-up', detail, retryAfter };
}

/** Of any witness. */
export type IndexAnswer = Answer | ((NotYet | IndexRefusal) & { readonly origin: string });

const TITLES: Record<(NotYet | IndexRefusal)['code'], string> = {
  'catching-up': 'Still auditing',
  'log-unreadable': 'The log cannot be audited',
  'wrong-index': 'Wrong index',
  'log-too-large': 'Log too large',
};

export function isIndexAnswer(answer: IndexAnswer): answer is Extract<IndexAnswer, NotYet | IndexRefusal> {
  return 'code' in answer && answer.code in TITLES;
}

export function refuseForIndex(c: Context, answer: NotYet | IndexRefusal): Response {
  const { status, code, detail } = answer;
  const headers: Record<string, string> = status === 503 ? { 'retry-after': String(answer.retryAfter) } : {};
  return problem(c, { status, code, title: TITLES[code], detail, headers });
}
