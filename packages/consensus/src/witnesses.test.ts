import {
  cosign,
  formatCheckpoint,
  formatNote,
  parseNote,
  parseTlogPolicy,
  signNote,
  verifyEd25519Pure,
  type MlDsaSigner,
  type Signer,
} from '@verbatim/tlog';
import { generateSeed, mlDsaSignerFromSeed, signerFromSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { expect, test } from 'vitest';
import { readWitnesses } from './witnesses.ts';

const NOW = 1_800_000_000n;
const log = signerFromSeed('log.example', generateSeed());
const ed25519 = signerFromSeed('w.example', generateSeed());
const mlDsa = mlDsaSignerFromSeed('w.example', generateSeed());
const text = formatCheckpoint({ origin: log.name, size: 3n, root: new Uint8Array(32) });
const policy = parseTlogPolicy(
  `log ${vkeyOf(log)}\nwitness w1 ${vkeyOf(ed25519, 0x04)}\nwitness w2 ${vkeyOf(mlDsa)}\ngroup both all w1 w2\nquorum both\n`,
);

function noteBy(...signers: (Signer | MlDsaSigner)[]) {
  const { signatures } = parseNote(signNote(text, [log]));
  return parseNote(formatNote({ text, signatures: [...signatures, ...signers.map((signer) => cosign(text, signer, NOW))] }));
}

test('an ML-DSA witness counts like any other', () => {
  expect(readWitnesses(noteBy(ed25519, mlDsa), policy, NOW, verifyEd25519)).toMatchObject({ quorum: true, forged: [], asOf: NOW });
  expect(readWitnesses(noteBy(ed25519), policy, NOW, verifyEd25519)).toMatchObject({ quorum: false, forged: [] });
});

test('its forged line refuses the note', () => {
  const note = noteBy(ed25519, mlDsa);
  const line = note.signatures.at(-1)!;
  line.signature = line.signature.with(50, line.signature[50]! ^ 1);
  expect(readWitnesses(note, policy, NOW, verifyEd25519).forged).toEqual(['w2']);
});

test('in a browser, which has no ML-DSA, its line is nobody’s: no vote, and no forgery', () => {
  const { quorum, forged, cosignatures } = readWitnesses(noteBy(ed25519, mlDsa), policy, NOW, verifyEd25519Pure);
  expect({ quorum, forged, names: cosignatures.map(({ witness }) => witness) }).toEqual({ quorum: false, forged: [], names: ['w1'] });
});
