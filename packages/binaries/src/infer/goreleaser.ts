import { parse } from 'yaml';
import { expand } from './expand.ts';
import type { ReleaseFacts } from './values.ts';

/** goreleaser.com/customization/builds/go: what it takes when nothing is said. */
const DEFAULT_LDFLAGS = '-s -w -X main.version={{.Version}} -X main.commit={{.Commit}} -X main.date={{.Date}} -X main.builtBy=goreleaser';
const MAX_BUILDS = 32;
const NONE: ReadonlyMap<string, string> = new Map();

/** Values of `-ldflags` by a GoReleaser configuration, in its order; [] for what is none. */
export function linkerFlagsOfGoReleaser(text: string, facts: ReleaseFacts): string[] {
  return buildsOf(text).flatMap((build) => {
    const { ldflags } = build;
    const lines = ldflags === undefined || ldflags === null ? [DEFAULT_LDFLAGS] : Array.isArray(ldflags) ? ldflags : [ldflags];
    return lines.every((line) => typeof line === 'string') ? expand(lines.join(' '), NONE, facts) : [];
  });
}

function buildsOf(text: string): Readonly<Record<string, unknown>>[] {
  let configuration: unknown;
  try {
    // Aliases are what makes a small file a large document.
    configuration = parse(text, { maxAliasCount: 16, logLevel: 'error' });
  } catch {
    return [];
  }
  const { builds } = (configuration ?? {}) as { readonly builds?: unknown };
  if (builds === undefined && configuration !== null && typeof configuration === 'object') return [{}];
  if (!Array.isArray(builds)) return [];
  return builds.slice(0, MAX_BUILDS).filter((build) => typeof build === 'object' && build !== null) as Record<string, unknown>[];
}
