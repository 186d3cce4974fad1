import { fetchGoModule } from './_go-module.ts';

/** filippo.io/mostly-harmless/ed25519vectors: 768 edge cases of Ed25519 verification, as JSON. */
export function fetchMostlyHarmless(): string {
  const { read } = fetchGoModule({
    path: 'filippo.io/mostly-harmless/ed25519vectors',
    version: 'v0.0.0-20210322192420-30a2d7243a94',
    sum: 'h1:oHn3iEYQCHVcHLEqtzCSizBZcnOSFk61oo8tKsbNrqI=',
  });
  return read('ed25519vectors.json');
}
