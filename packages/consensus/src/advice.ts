/** What somebody who reads a verdict can do, in words. The last part of the output (DESIGN §3.13). */
import type { JudgedClaim } from './judge.ts';
import type { Verdict } from './verdict.ts';

export function adviceFor({ verdict, claim, members, expected, errors }: Omit<Verdict, 'next'>, offline: boolean): string[] {
  switch (verdict) {
    case 'reproduced':
      return [];
    case 'not-reproduced':
      return ['Do not install it.', ...(claim === null ? [] : [`Read what differed in the observations: ${dissenting(claim)}.`])];
    case 'unknown-file':
      return expected.length > 0
        ? ['Do not install it: the release that you named has other files.', 'Download it again and compare with the digests above.']
        : [
            'Do not install it on the strength of this check.',
            'If the release should be covered, ask its publisher or a registrar of the log to register it.',
          ];
    case 'log-misbehaviour':
      return [
        'Do not install it.',
        // What the log signed does not verify with what came with it: that may be anybody's doing who had the file in hand.
        ...(offline ? ['Verify it online, or get the bundle again: one that was changed on its way to you looks the same.'] : []),
        'Keep the evidence and report it to the log\u2019s operator and its witnesses.',
      ];
    case 'policy-error':
      return ['Get a current policy from where you got this one.'];
    case 'insufficient':
      return members === null ? waitFor(claim) : ['Verify the members that are claimed, one by one, with --member PATH.'];
    case 'unavailable':
      if (errors.some(({ code }) => code === 'checkpoint-stale'))
        return ['Try again when the log\u2019s witnesses have cosigned a newer checkpoint; check this machine\u2019s clock.'];
      if (errors.some(({ code }) => code === 'log-continued'))
        return ['Read the successor: gather the evidence again from there, and get a policy that names it.'];
      if (errors.some(({ code }) => code === 'another-file')) {
        return [
          'Do not install it on the strength of this check: nothing is proved about these bytes.',
          ...(expected.length > 0 ? ['Get the file again, and compare it with the digests above.'] : []),
          'Take the bundle that was made for this file, or verify it online (--save-bundle makes a bundle).',
        ];
      }
      if (errors.some(({ code }) => code === 'incomplete')) {
        return [
          'Try again later, or read the log at another address; a bundle shows only what it was gathered for (--save-bundle).',
          'If it goes on, report it: a log that keeps an index can prove what it has.',
        ];
      }
      if (errors.some(({ code }) => code === 'unaudited'))
        return ['Wait until the index-witnesses of the policy have cosigned, or audit the log yourself: verbatim log audit.'];
      return errors.some(({ code }) => code === 'member-unproved')
        ? ['Verify the container itself and extract the file from it, or name a list of its members with --members FILE.']
        : ['Try again later, or from another network.'];
  }
}

function waitFor(claim: JudgedClaim | null): string[] {
  if (claim === null || claim.unsatisfied.length === 0) return ['Try again later: cosignatures are missing.'];
  const silent = claim.operators.filter(({ standing }) => standing === 'not-answered').map(({ operator }) => operator);
  return [
    silent.length === 0 ? 'Everybody has answered; the rules of the policy do not hold.' : `Wait for ${silent.join(', ')}, then try again.`,
  ];
}

function dissenting({ operators }: JudgedClaim): string {
  const entries = operators.flatMap(({ observations }) => observations.filter(({ counts }) => counts === 'dissent'));
  return `entries ${entries.map(({ index }) => String(index)).join(', ')}`;
}
