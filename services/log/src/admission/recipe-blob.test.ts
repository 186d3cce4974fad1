import { encodeRecipe, keyidOf, recipeDigest, signStatement } from '@verbatim/statements';
import { aGoRecipe, aLargeRecipe, aRelease, testSigner, testVkey } from '@verbatim/testkit';
import { verifyEd25519Async } from '@verbatim/tlog/node';
import { describe, expect, test } from 'vitest';
import { admit } from './admit.ts';
import { firstState } from './control-state.ts';
import { prepare } from './prepare.ts';
import type { AdmissionView, RosterKey } from './view.ts';

const registrar = testSigner('registrar-npm');
const key: RosterKey = {
  keyid: keyidOf(registrar.name, registrar.publicKey),
  role: 'registrar',
  name: registrar.name,
  publicKey: registrar.publicKey,
  operator: 'watch',
  scope: ['pkg:npm/'],
  threshold: 1,
  group: null,
  enrolledAt: 1n,
  revokedAt: null,
};

/** A log that holds these blobs by now, and no entry but genesis and an enrolment. */
const viewOf = (blobs: ReadonlyMap<string, Uint8Array>): AdmissionView => ({
  origin: 'log.test',
  size: 2n,
  control: firstState({ log: testVkey('log.test'), root: testVkey('test-root'), admin: testVkey('test-admin') }),
  holdsLogKey: () => false,
  treeRoot: () => null,
  reservedUse: () => null,
  rosterKeys: (keyid) => (keyid === key.keyid ? [key] : []),
  groupMembers: () => [],
  hasEntry: (index) => index < 2n,
  release: () => null,
  partsOf: () => null,
  holder: () => null,
  payloadDigest: () => '',
  blobSize: (sha256) => blobs.get(sha256)?.length ?? null,
});

const recipe = aLargeRecipe();
const entry = signStatement(aRelease({ recipe }), [registrar]);

async function decide(stored: ReadonlyMap<string, Uint8Array>, later: ReadonlyMap<string, Uint8Array>): Promise<string> {
  const read: string[] = [];
  const readBlob = async (sha256: string): Promise<Uint8Array | null> => {
    read.push(sha256);
    return stored.get(sha256) ?? null;
  };
  const prepared = await prepare(entry, { view: viewOf(stored), verify: verifyEd25519Async, readBlob });
  if (prepared.kind === 'refused') return prepared.refusal.code;
  const decision = admit(prepared.candidate, viewOf(later));
  return `${decision.kind === 'refuse' ? decision.refusal.code : decision.kind}, ${read.length} read`;
}

describe('a release whose recipe is a blob', () => {
  const right = new Map([[recipeDigest(recipe), encodeRecipe(recipe)]]);

  test('is admitted when the recipe is stored and fits', async () => {
    expect(await decide(right, right)).toBe('admit, 1 read');
  });

  test('is refused when the blob was stored after it was looked for, because nobody compared it with the release', async () => {
    expect(await decide(new Map(), right)).toBe('recipe-not-stored, 0 read');
  });

  test('is refused without reading a blob of another size', async () => {
    const other = new Map([[recipeDigest(recipe), encodeRecipe(aGoRecipe())]]);
    expect(await decide(other, other)).toBe('recipe-not-stored, 0 read');
  });
});
