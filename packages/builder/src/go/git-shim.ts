/**
 * A `git` that answers what `go build -buildvcs=true` asks, from the recipe's stamp: the binary gets its vcs lines though no repository is
 * there. Measured with Go 1.18 to 1.27: up to 1.23 only `status` and the first `log` are called; 1.24 adds tags and go.mod at the revision;
 * later ones add --end-of-options and ask for the object format. Every other call fails, which the go command tolerates.
 */
import { secondsOf, type VcsStamp } from '@verbatim/statements';
import { quote } from '../script.ts';

/** Answers only from built-in commands of sh: no other program need be in the sandbox. */
export function gitShim({ revision, time, modified, tag, ancestorTags }: VcsStamp): string {
  const seconds = String(secondsOf(time));
  const tags = tag === null ? (ancestorTags ?? []) : [tag];
  // Where nothing is known of tags the question for the version must fail: the go command then keeps the stamp and says (devel).
  const versioned = tag !== null || ancestorTags !== undefined;
  const described = versioned ? `echo ${quote(`${revision} ${seconds} HEAD -> main${tag === null ? '' : `, tag: ${tag}`}`)}` : 'exit 128';
  const listed = (prefix: string): string =>
    tags.length === 0 ? ':' : `printf '%s\\n' ${tags.map((each) => quote(`${prefix}${each}`)).join(' ')}`;
  const log = 'log --no-decorate -n1 --format=format:%H %ct %D';
  const lines = [
    '#!/bin/sh',
    'asked=$*',
    // Go 1.25 and later put it before a revision; answers do not depend on it.
    'case $asked in *" --end-of-options"*) asked="${asked%% --end-of-options*}${asked#* --end-of-options}" ;; esac',
    'case $asked in',
    `  'status --porcelain') ${modified ? `echo ' M modified'` : ':'} ;;`,
    `  '-c log.showsignature=false log -1 --format=%H:%ct') echo ${quote(`${revision}:${seconds}`)} ;;`,
    ...(versioned ? [`  'tag -l') ${listed('')} ;;`] : []),
    // For a pseudo-version: the tags before the revision, and the revision once more by its first twelve digits.
    ...(ancestorTags === undefined
      ? []
      : [
          // Go 1.24's spelling, and that of 1.25 and later.
          `  ${quote(`for-each-ref --format %(refname) refs/tags --merged ${revision}`)}|\\`,
          `  ${quote(`for-each-ref --format=%(refname) --merged=${revision}`)}) ${listed('refs/tags/')} ;;`,
          `  ${quote(`-c log.showsignature=false ${log} ${revision.slice(0, 12)} --`)}) ${described} ;;`,
        ]),
    `  ${quote(`-c log.showsignature=false ${log} ${revision} --`)}) ${described} ;;`,
    ...(tag === null ? [] : [`  ${quote(`-c log.showsignature=false ${log} refs/tags/${tag} --`)}) ${described} ;;`]),
    `  ${quote(`cat-file blob ${revision}:go.mod`)}) while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done <go.mod ;;`,
    '  *) exit 1 ;;',
    'esac',
    '',
  ];
  return lines.join('\n');
}
