import type { GoBuildInfo } from './build-info.ts';

/** The stamps of `-buildvcs`. Read from the artifact itself they are labels that a rebuild adopts, not facts that it confirms. */
export interface VcsDraft {
  readonly revision: string;
  readonly time: string;
  readonly modified: boolean;
  /** The tag that Go 1.24 and later turned into the main module's version; null before, and for pseudo-versions. */
  readonly tag: string | null;
  readonly provenance: 'adopted';
  /** For a pseudo-version: the tag that it follows, if any. */
  readonly ancestorTags?: readonly string[];
}

const REVISION = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;
const TAG_VERSION = /^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+incompatible)?$/;
/** cmd/go's pseudo-versions end in a UTC time and 12 digits of the revision (go.dev/ref/mod, "Pseudo-versions"). */
const PSEUDO_VERSION = /[.-][0-9]{14}-[0-9a-f]{12}(\+incompatible)?$/;

/** The git stamps of a program, or null when it has none or not all of them. */
export function vcsOf(info: GoBuildInfo): VcsDraft | null {
  const revision = info.settings.get('vcs.revision');
  const time = info.settings.get('vcs.time');
  if (revision === undefined || time === undefined || !REVISION.test(revision) || !TIME.test(time)) return null;
  const version = (info.main?.version ?? '').replace(/\+dirty$/, '');
  const ancestorTags = ancestorTagsOf(version);
  return {
    revision,
    time,
    modified: info.settings.get('vcs.modified') === 'true',
    tag: TAG_VERSION.test(version) && !isPseudoVersion(version) ? version : null,
    provenance: 'adopted',
    ...(ancestorTags === null ? {} : { ancestorTags }),
  };
}

/** The tag before a pseudo-version's revision, by the form of the version (go.dev/ref/mod, "Pseudo-versions"); null for another version. */
function ancestorTagsOf(version: string): string[] | null {
  if (!isPseudoVersion(version)) return null;
  const [, major, minor, patch, pre] = /^v(\d+)\.(\d+)\.(\d+)-(?:(.*)\.)?0\.\d{14}-[0-9a-f]{12}/.exec(version) ?? [];
  if (major === undefined) return [];
  return [pre === undefined ? `v${major}.${minor}.${Number(patch) - 1}` : `v${major}.${minor}.${patch}-${pre}`];
}

export function isPseudoVersion(version: string): boolean {
  return PSEUDO_VERSION.test(version);
}
