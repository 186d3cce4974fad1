import type { CauseCode } from '@verbatim/binaries';
import type { FileExplanation } from '@verbatim/binaries/archives';
import type { Recipe } from '@verbatim/statements';
import { aGoRecipe } from '@verbatim/testkit';
import { expect, test } from 'vitest';
import type { Candidate } from '../recipe/complete.ts';
import { byWhatAMissSays } from './feedback.ts';

const TRIED = { ...aGoRecipe(), ldflags: '-s -w' } as Recipe;
const own = (line: string) => ({ goMod: `module x\n\ngo ${line}\n`, goSum: 'x v1 h1:x\n', files: {} });
const with_ = (name: string, changes: object): Candidate => ({ recipe: { ...TRIED, ...changes } as Recipe, notes: [name] });
const SPELLING = with_('spelling', { ldflags: '-w -s' });
const LINE = with_('line', { mainModule: own('1.25.0') });
const BOTH = with_('both', { ldflags: '-w -s', mainModule: own('1.25.0') });
const ALL = [SPELLING, LINE, BOTH];

const explained = (...codes: CauseCode[]): FileExplanation =>
  ({ causes: codes.map((code) => ({ code })), members: [] }) as unknown as FileExplanation;
const left = (published: string | null, rebuilt: string | null, ...codes: CauseCode[]): string[] =>
  byWhatAMissSays(ALL, TRIED, { published, rebuilt }, explained(...codes)).flatMap(({ notes }) => notes);

test('where the main package is the same, only linking otherwise is tried', () => {
  expect(left('a/b/c/d', 'x/b/c/y', 'ldflags')).toEqual(['spelling']);
});

test('where the main package is another, linking otherwise is not tried', () => {
  expect(left('a/b/c/d', 'x/y/c/d')).toEqual(['line', 'both']);
});

test('without build ids everything is left, and what a cause names comes first', () => {
  expect(left(null, null)).toEqual(['spelling', 'line', 'both']);
  expect(left(null, null, 'go-line')).toEqual(['line', 'both', 'spelling']);
  expect(left('a/b', 'a/b', 'stripped')).toEqual(['spelling', 'both', 'line']);
});
