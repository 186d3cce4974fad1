import { identify } from '../identify.ts';
import { causeOf, versus } from './causes.ts';
import { goClaims } from './claims-go.ts';
import type { Claims } from './claims-go.ts';
import { toolchainClaims } from './claims-toolchain.ts';

/** Everything that the files say about themselves and say differently, the root cause first. */
export function claimsOf(published: Uint8Array, rebuilt: Uint8Array): Claims {
  const all = [targetClaims(published, rebuilt), goClaims(published, rebuilt), toolchainClaims(published, rebuilt)];
  return { claims: all.flatMap(({ claims }) => claims), causes: all.flatMap(({ causes }) => causes) };
}

function targetClaims(published: Uint8Array, rebuilt: Uint8Array): Claims {
  const [a, b] = [published, rebuilt].map((bytes) => {
    const { format, os, arch } = identify(bytes);
    return format === null ? 'no executable' : `${format} ${os ?? 'unknown'}/${arch ?? 'unknown'}`;
  }) as [string, string];
  if (a === b) return { claims: [], causes: [] };
  const evidence = [versus('target', a, b)];
  return { claims: [{ claim: 'target', published: a, rebuilt: b }], causes: [causeOf('target', { subject: `${a} and ${b}`, evidence })] };
}
