/** filippo.io/mostly-harmless/ed25519vectors: 768 edge cases of Ed25519 verification. */
import { expect, test } from 'vitest';
import { readMostlyHarmless, runEd25519 } from './_ed25519.ts';
import { fetchGoModule } from './_go-module.ts';

test('node:crypto, noble and a browser’s bundle decide all cases alike, and no odd key is accepted', () => {
  const { read } = fetchGoModule({
    path: 'filippo.io/mostly-harmless/ed25519vectors',
    version: 'v0.0.0-20210322192420-30a2d7243a94',
    sum: 'h1:oHn3iEYQCHVcHLEqtzCSizBZcnOSFk61oo8tKsbNrqI=',
  });
  const result = runEd25519('ed25519vectors', readMostlyHarmless(read('ed25519vectors.json')));
  expect(result.failures).toEqual([]);
  expect(result.passed).toBe(768);
});
