import { counted, parsePurl } from '@verbatim/statements';
import type { Summary } from './matrix-model.ts';
import type { toneOf } from './states.ts';

const SUMMARY: Record<Summary['state'], { readonly symbol: string; readonly words: string; readonly tone: ReturnType<typeof toneOf> }> = {
  reproduced: { symbol: '✓', words: 'reproduced', tone: 'good' },
  differs: { symbol: '≠', words: 'differs', tone: 'bad' },
  'partly-reproduced': { symbol: '◐', words: 'partly reproduced', tone: 'warn' },
  'no-match-yet': { symbol: '?', words: 'no match yet', tone: 'warn' },
  waiting: { symbol: '…', words: 'waiting', tone: 'quiet' },
};

export function summaryBadge({ state }: Summary): { readonly symbol: string; readonly words: string; readonly tone: string } {
  return SUMMARY[state];
}

/** One sentence of facts; which operators count is the reader's policy's to say. */
export function summarySentence({ state, matching, differing, artifactsReproduced, artifacts }: Summary): string {
  if (state === 'waiting') return 'No rebuilder has answered yet.';
  const parts = [`${artifactsReproduced} of ${counted(artifacts, 'artifact')} reproduced by at least one operator`];
  if (matching > 0) parts.push(`${counted(matching, 'operator')} reproduced all of them`);
  if (differing > 0) parts.push(`${counted(differing, 'operator')} got other bytes`);
  return `${parts.join('; ')}.`;
}

/** `2026-11-21 04:05 UTC` */
export function timeWords(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** `@esbuild/linux-x64` and `0.25.0` of a purl, for a heading. */
export function purlWords(purl: string): { readonly name: string; readonly version: string } {
  const { namespace, name, version } = parsePurl(purl);
  return { name: namespace === null ? name : `${namespace}/${name}`, version: version ?? '' };
}
