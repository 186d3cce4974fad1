/** The verifying packages in a real browser: Chromium decides as Node does. Its other vectors come with `npm run test:vectors`. */
import { decodeBundle, evaluate, parsePolicy } from '@verbatim/consensus';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { FILE, NOW } from '../../packages/consensus/src/_world.ts';
import { askChromium } from './_chromium.ts';
import { AGREED, DISPUTED, POLICY } from './_bundles.ts';
import { ed25519Questions, readMostlyHarmless, runEd25519 } from './_ed25519.ts';
import { fetchMostlyHarmless } from './_mostly-harmless.ts';
import { plain, question } from './_questions.ts';

test('every edge case of Ed25519 is decided as on the server, and a bundle has the same verdict', async () => {
  const bundles = [AGREED, DISPUTED];
  const vectors = readMostlyHarmless(fetchMostlyHarmless());

  const answers = await askChromium([
    ...bundles.map((bundle) => question('verdict', POLICY, bundle, FILE, NOW)),
    ...ed25519Questions(vectors),
  ]);

  const here = bundles.map((bundle) =>
    evaluate({
      file: { sha256: FILE },
      now: NOW,
      offline: true,
      policy: parsePolicy(POLICY),
      evidence: decodeBundle(bundle),
      verify: verifyEd25519,
    }),
  );
  expect(here.map(({ verdict }) => verdict)).toEqual(['reproduced', 'not-reproduced']);
  expect(answers.slice(0, 2)).toEqual(here.map((value) => ({ value: JSON.parse(JSON.stringify(value, plain)) as unknown })));
  const { failures, passed } = runEd25519('ed25519vectors', vectors, answers.slice(2));
  expect(failures).toEqual([]);
  expect(passed).toBe(768);
});
