import { BinaryError, identify, inferCargoRecipe, inferGoRecipes, readRustEvidence } from '@verbatim/binaries';
import { readAuditable } from '@verbatim/binaries/archives';
import { describeError } from '../errors.ts';
import { AUDITABLE } from './complete-cargo.ts';
import type { Origins } from './complete.ts';
import { hintsOf, type HintOptions } from './hints.ts';
import { builtUsingNotes, type DebPackage } from './manifests.ts';
import type { Program } from './programs.ts';

/** What a file proposes by itself, without a network. */
export interface Drafted {
  readonly candidates: readonly Draft[];
  /** Why there is no candidate; null when there is one. */
  readonly problem: string | null;
}

export interface Draft {
  /** A recipe, with null for what is missing. */
  readonly recipe: object;
  readonly missing: readonly string[];
  readonly notes: readonly string[];
}

type Known = Pick<Origins, 'file' | 'of' | 'sbom'>;

/** Drafts of a program's recipe, best first: nothing is run, and nobody is asked. */
export function draftRecipes(program: Program, options: HintOptions, { of, sbom }: Known): Drafted {
  const { artifact, bytes } = program;
  if (of?.type === 'deb') return { candidates: [debianDraft(of as DebPackage, artifact, options)], problem: null };
  try {
    const go = inferGoRecipes(bytes, { artifact, ...hintsOf(options, of) });
    if (go.length > 0) return { candidates: go, problem: null };
    const evidence = readRustEvidence(bytes);
    if (evidence === null)
      return {
        candidates: [],
        problem: identify(bytes).format === null ? 'it is no program that is read here' : 'it is no Go or Rust program',
      };
    const listed = readAuditable(bytes);
    const known = listed ?? sbom;
    const [crate, crateVersion] = [options.crate ?? known?.name, options.crateVersion ?? known?.version];
    const hints = { artifact, ...(crate === undefined ? {} : { crate }), ...(crateVersion === undefined ? {} : { crateVersion }) };
    const draft = inferCargoRecipe(evidence, hints);
    const notes = listed === null ? draft.notes : [...draft.notes, AUDITABLE];
    return { candidates: [{ ...draft, notes }], problem: null };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return { candidates: [], problem: describeError(error) };
  }
}

function debianDraft(deb: DebPackage, artifact: string, { suite }: HintOptions): Draft {
  const { architecture } = deb;
  const recipe = {
    kind: 'debian',
    version: 1,
    source: null,
    root: { suites: suite === undefined ? null : [suite], architecture, packages: null },
    outputs: [{ artifact }],
  };
  const missing = ['source', ...(suite === undefined ? ['root.suites'] : []), 'root.packages'];
  return {
    recipe,
    missing,
    notes: ['source and system of a Debian package are in apt’s lists: --look-up asks them', ...builtUsingNotes(deb)],
  };
}
