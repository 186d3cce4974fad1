// The corpus: pairs of builds that differ in exactly one thing, and what an explanation must say about them.
import { LINKING } from './linking.ts';
import { SETTINGS } from './settings.ts';
import { SOURCES } from './sources.ts';
import { SURROUNDINGS } from './surroundings.ts';
import type { GoCase } from './_programs.ts';

export const GO_CORPUS: readonly GoCase[] = [...SURROUNDINGS, ...SETTINGS, ...LINKING, ...SOURCES];
