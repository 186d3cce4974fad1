/**
 * A `git` that answers what `go build -buildvcs=true` asks, from the recipe's stamp: the binary gets its vcs lines though no repository is
 * there. Measured with Go 1.18 to 1.27: up to 1.23 only `status` and the first `log` are called; 1.24 adds tags and go.mod at the revision;
 * later ones add --end-of-options and ask for the object format. Every other call fails, which the go command tolerates.
 */
import { secondsOf, type VcsStamp } from '@verbatim/statements';

/** Answers only from built-in commands of sh: no other program need be in the sandbox. */
export function gitShim({ revision, time, modified, tag }: VcsStamp): string {
  const seconds = String(secondsOf(time));
  // Without a tag the question for the version must fail: the go command then keeps the stamp and says (devel).
  const described = tag === null ? 'exit 128' : `echo ${quote(`${revision} ${seconds} HEAD -> main, tag: ${tag}`)}`;
  const log = 'log --no-decorate -n1 --format=format:%H %ct %D';
  const lines = [
    '#!/bin/sh',
    'asked=$*',
    // Go 1.25 and later put it before a revision; answers do not depend on it.
    'case $asked in *" --end-of-options"*) asked="${asked%% --end-of-options*}${asked#* --end-of-options}" ;; esac',
    'case $asked in',
    `  'status --porcelain') ${modified ? `echo ' M modified'` : ':'} ;;`,
    `  '-c log.showsignature=false log -1 --format=%H:%ct') echo ${quote(`${revision}:${seconds}`)} ;;`,
    ...(tag === null ? [] : [`  'tag -l') echo ${quote(tag)} ;;`]),
    `  ${quote(`-c log.showsignature=false ${log} ${revision} --`)}) ${described} ;;`,
    ...(tag === null ? [] : [`  ${quote(`-c log.showsignature=false ${log} refs/tags/${tag} --`)}) ${described} ;;`]),
    `  ${quote(`cat-file blob ${revision}:go.mod`)}) while IFS= read -r line || [ -n "$line" ]; do printf '%s\\n' "$line"; done <go.mod ;;`,
    '  *) exit 1 ;;',
    'esac',
    '',
  ];
  return lines.join('\n');
}

/** One word of sh. The stamp's texts are checked by the recipe's schema; quoting them costs nothing. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
