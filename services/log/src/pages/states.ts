/** What one rebuilder makes of one artifact, in the words of the pages. */
export type CellState =
  | 'reproduced'
  | 'differs'
  | 'built'
  | 'build-failed'
  | 'input-unavailable'
  | 'infrastructure'
  | 'timeout'
  | 'skipped'
  | 'waiting';

const STATES: Readonly<Record<string, CellState>> = {
  match: 'reproduced',
  differ: 'differs',
  built: 'built',
  'build-failed': 'build-failed',
  'input-unavailable': 'input-unavailable',
  infrastructure: 'infrastructure',
  timeout: 'timeout',
  skipped: 'skipped',
};

/** State of an observation's result (DESIGN §3.3). */
export function stateOf(result: string): CellState {
  return STATES[result] ?? 'infrastructure';
}

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
