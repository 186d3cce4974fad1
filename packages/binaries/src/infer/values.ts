/** What stands in release scripts for what only the release knows: versions, revisions, times. A script is text here; nothing of it is run. */

/** What is known of a release. Times as RFC 3339 in UTC. */
export interface ReleaseFacts {
  readonly module: string;
  /** With its v, as in `v1.2.3`. */
  readonly version: string;
  readonly revision: string | null;
  /** Of the revision. */
  readonly time: string | null;
  /** Times that stand in the program: one of them may be that of the build. */
  readonly times: readonly string[];
  readonly goos: string | null;
  readonly goarch: string | null;
  /** Last segment of the main package's path. */
  readonly program: string | null;
}

const SHORT = [7, 8, 10, 12] as const;

/** A name or a command in a script → what it may stand for, likeliest first; [] for what nobody knows. */
export function valuesOf(name: string, facts: ReleaseFacts): readonly string[] {
  return MEANINGS.find(([pattern]) => pattern.test(name))?.[1](facts) ?? [];
}

type Meaning = (facts: ReleaseFacts) => readonly string[];

const plainVersion: Meaning = ({ version }) => [version.slice(1)];
const revision: Meaning = (facts) => (facts.revision === null ? [] : [facts.revision]);
const shortRevision: Meaning = (facts) => (facts.revision === null ? [] : SHORT.map((length) => facts.revision!.slice(0, length)));
const commitTime: Meaning = (facts) => (facts.time === null ? [] : [facts.time]);
const seconds: Meaning = (facts) => (facts.time === null ? [] : [String(Date.parse(facts.time) / 1000)]);
const one =
  (value: (facts: ReleaseFacts) => string | null): Meaning =>
  (facts) => {
    const found = value(facts);
    return found === null ? [] : [found];
  };

/** GoReleaser's fields first (with their dot), then commands, then names as people choose them. */
const MEANINGS: readonly (readonly [RegExp, Meaning])[] = [
  [/^\.(?:Version|RawVersion)$/, plainVersion],
  [/^\.(?:Tag|Summary)$/, ({ version }) => [version]],
  [/^\.(?:Commit|FullCommit)$/, revision],
  [/^\.ShortCommit$/, shortRevision],
  [/^\.CommitDate$/, commitTime],
  [/^\.CommitTimestamp$/, seconds],
  [/^\.Date$/, ({ time, times }) => [...times, ...(time === null ? [] : [time])]],
  [/^\.(?:Os|Runtime\.Goos)$|^GOOS$/, one(({ goos }) => goos)],
  [/^\.(?:Arch|Runtime\.Goarch)$|^GOARCH$/, one(({ goarch }) => goarch)],
  [/^\.(?:ProjectName|Binary)$/, one(({ program }) => program)],
  [/\bgo list -m\b/, one(({ module }) => module)],
  [/\brev-parse\b.*--short|%h\b|short.*(?:commit|sha|rev)/i, shortRevision],
  [/\brev-parse\b|%H\b/, revision],
  [/%c[ti]/i, (facts) => [...commitTime(facts), ...seconds(facts)]],
  [/\bdescribe\b|version|\btag\b|ref_name|_tag$/i, ({ version }) => [version, version.slice(1)]],
  [/commit|\bsha\b|git_?hash|revision|_rev$|^rev$|\.sha$/i, (facts) => [...revision(facts), ...shortRevision(facts)]],
  [/date|time/i, ({ time, times }) => [...times, ...(time === null ? [] : [time, time.slice(0, 10)])]],
  [/package|module|import_?path/i, one(({ module }) => module)],
  [/binary|name|^app$/i, one(({ program }) => program)],
];
