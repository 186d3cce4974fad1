import type { CellState, Summary } from './matrix-model.ts';

/** Symbol and words for a state. The words alone must do (WCAG 1.4.1); the symbol is hidden from screen readers. */
export const CELL_WORDS: Record<CellState, { readonly symbol: string; readonly words: string }> = {
  reproduced: { symbol: '✓', words: 'reproduced' },
  differs: { symbol: '≠', words: 'differs' },
  built: { symbol: '+', words: 'built' },
  'build-failed': { symbol: '×', words: 'build failed' },
  'input-unavailable': { symbol: '?', words: 'input unavailable' },
  infrastructure: { symbol: '!', words: 'infrastructure trouble' },
  timeout: { symbol: '!', words: 'timed out' },
  skipped: { symbol: '–', words: 'skipped' },
  waiting: { symbol: '…', words: 'waiting' },
};

/** Class of a state: colour carries no meaning of its own. */
export function toneOf(state: CellState): 'good' | 'bad' | 'warn' | 'quiet' {
  if (state === 'reproduced' || state === 'built') return 'good';
  if (state === 'differs') return 'bad';
  return state === 'waiting' || state === 'skipped' ? 'quiet' : 'warn';
}

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
export function summarySentence({ matching, differing, artifactsReproduced, artifacts }: Summary): string {
  const parts = [
    `${artifactsReproduced} of ${artifacts} ${artifacts === 1 ? 'artifact' : 'artifacts'} reproduced by at least one operator`,
  ];
  if (matching > 0) parts.push(`${count(matching, 'operator')} reproduced all of them`);
  if (differing > 0) parts.push(`${count(differing, 'operator')} got other bytes`);
  return `${parts.join('; ')}.`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** `2026-11-21 04:05 UTC` */
export function timeWords(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
