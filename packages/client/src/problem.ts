/** problem+json as a log answers it (RFC 9457); read leniently, because a proxy in between may answer in its own words. */
import type { Answer } from './http.ts';

export interface Problem {
  readonly status: number;
  /** The log's own code, `not-yet-witnessed` for one; empty when somebody else answered. */
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

const MAX_TEXT = 1000;

export function readProblem({ status, body }: Answer): Problem & { readonly members: Readonly<Record<string, unknown>> } {
  const members = parseObject(body);
  const text = (name: string): string => (typeof members[name] === 'string' ? members[name].slice(0, MAX_TEXT) : '');
  return { status, code: text('code'), title: text('title') || `status ${status}`, detail: text('detail'), members };
}

/** The JSON object in a body; an empty one when there is none. */
export function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
