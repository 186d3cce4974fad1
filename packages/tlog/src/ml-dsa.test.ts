import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  canVerify,
  concatBytes,
  cosign,
  formatCheckpoint,
  formatNote,
  formatTlogPolicy,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ML_DSA,
  ML_DSA_PUBLIC_KEY_BYTES,
  ML_DSA_SIGNATURE_BYTES,
  openCheckpoint,
  openNote,
  parseNote,
  parseTlogPolicy,
  parseVkey,
  signNote,
  toBase64,
  toHex,
  verifyCosignature,
  verifyEd25519Pure,
} from './index.ts';
import { subtreeMessage } from './ml-dsa.ts';
import {
  formatMlDsaPrivateKey,
  generateSeed,
  mlDsaSignerFromSeed,
  parseMlDsaPrivateKey,
  parsePrivateKey,
  signerFromSeed,
  verifyEd25519,
  vkeyOf,
} from './node.ts';

const log = signerFromSeed('log.example/1', generateSeed());
const seed = generateSeed();
const signer = mlDsaSignerFromSeed('witness.example/1', seed);
const key = parseVkey(vkeyOf(signer));
const TEXT = formatCheckpoint({ origin: log.name, size: 42n, root: new Uint8Array(32).fill(9) });
const line = cosign(TEXT, signer, 1_800_000_000n);

afterEach(() => vi.doUnmock('node:crypto'));

test('the signed message, byte by byte (C2SP tlog-cosignature)', () => {
  const message = subtreeMessage('w/1', 0x0102030405060708n, { origin: 'log', size: 0x1122n, root: new Uint8Array(32).fill(0xaa) });
  expect(toHex(message)).toBe(
    [
      '737562747265652f76310a00', // "subtree/v1\n\0"
      '03772f31', // cosigner
      '0102030405060708', // timestamp
      '036c6f67', // origin
      '0000000000000000', // start
      '0000000000001122', // end
      'aa'.repeat(32),
    ].join(''),
  );
});

describe('a cosignature', () => {
  test('verifies, and tells its time', () => {
    expect(line.signature).toHaveLength(8 + ML_DSA_SIGNATURE_BYTES);
    expect(verifyCosignature(TEXT, line, key, verifyEd25519)).toBe(1_800_000_000n);
  });

  test('does not verify for another text, name, key, time, length or type', () => {
    const verify = (changed: Partial<typeof line>, text = TEXT, by = key) =>
      verifyCosignature(text, { ...line, ...changed }, by, verifyEd25519);
    const other = parseVkey(vkeyOf(mlDsaSignerFromSeed(signer.name, generateSeed())));
    expect(verify({}, TEXT.replace('42', '43'))).toBeNull();
    expect(verify({}, TEXT.replace('log.example', 'log.exampla'))).toBeNull();
    expect(verify({}, 'no checkpoint\n')).toBeNull();
    expect(verify({ name: 'witness.example/2' })).toBeNull();
    expect(verify({ keyId: line.keyId ^ 1 })).toBeNull();
    expect(verify({ signature: line.signature.with(7, line.signature[7]! ^ 1) })).toBeNull();
    expect(verify({ signature: line.signature.with(9, line.signature[9]! ^ 1) })).toBeNull();
    expect(verify({ signature: line.signature.slice(1) })).toBeNull();
    expect(verify({ signature: concatBytes(line.signature, Uint8Array.of(0)) })).toBeNull();
    expect(verify({}, TEXT, { ...key, publicKey: other.publicKey })).toBeNull();
    // Unlike the Ed25519 message, this one names the cosigner: the same key under another name signs something else.
    expect(verify({ name: 'witness.example/2' }, TEXT, { ...key, name: 'witness.example/2' })).toBeNull();
    expect(verify({}, TEXT, { ...key, type: KEY_TYPE_COSIGNATURE })).toBeNull();
  });

  test('is not made at time 0, nor of what is no checkpoint', () => {
    for (const time of [0n, -1n, 1n << 63n])
      expect(() => cosign(TEXT, signer, time)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
    expect(() => cosign(`${TEXT}extension\n`, signer, 1n)).toThrow(expect.objectContaining({ code: 'malformed-checkpoint' }));
  });
});

describe('a note with an Ed25519 and an ML-DSA line', () => {
  const note = parseNote(signNote(TEXT, [log]));
  const bytes = formatNote({ text: TEXT, signatures: [...note.signatures, line] });
  const forged = formatNote({
    text: TEXT,
    signatures: [...note.signatures, { ...line, signature: line.signature.with(99, line.signature[99]! ^ 1) }],
  });
  const logKey = parseVkey(vkeyOf(log));

  test('with node:crypto both lines count, and a forged one is refused', () => {
    expect(openNote(bytes, [logKey, key], verifyEd25519).verified).toHaveLength(2);
    expect(() => openNote(forged, [logKey, key], verifyEd25519)).toThrow(expect.objectContaining({ code: 'bad-signature' }));
  });

  test('without an implementation, as in a browser, the line is nobody’s', () => {
    expect(canVerify(key, verifyEd25519Pure)).toBe(false);
    for (const each of [bytes, forged]) {
      const { verified, unknown } = openNote(each, [logKey, key], verifyEd25519Pure);
      expect([verified.length, unknown.map(({ name }) => name)]).toEqual([1, [signer.name]]);
    }
    expect(() => openNote(bytes, [key], verifyEd25519Pure)).toThrow(expect.objectContaining({ code: 'unverified-note' }));
    expect(openCheckpoint(bytes, logKey, verifyEd25519Pure).checkpoint.size).toBe(42n);
  });
});

describe('keys', () => {
  test('a verifier key has 1,312 bytes, no more and no fewer', () => {
    expect([key.type, key.publicKey.length]).toEqual([KEY_TYPE_ML_DSA, ML_DSA_PUBLIC_KEY_BYTES]);
    expect(vkeyOf(signer)).toBe(key.text);
    for (const length of [32, 1311, 1313]) {
      expect(() => vkeyOf({ ...signer, publicKey: new Uint8Array(length) })).toThrow(expect.objectContaining({ code: 'bad-key' }));
    }
  });

  test('a private key comes back from its text, and not as another type', () => {
    const text = formatMlDsaPrivateKey(signer.name, seed);
    expect(vkeyOf(parseMlDsaPrivateKey(`${text}\n`))).toBe(key.text);
    for (const parse of [() => parsePrivateKey(text), () => parseMlDsaPrivateKey(text.replace('witness', 'wotness'))]) {
      expect(parse).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
    }
    expect(() => mlDsaSignerFromSeed('a b', seed)).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
    expect(() => mlDsaSignerFromSeed('a', seed.slice(1))).toThrow(expect.objectContaining({ code: 'malformed-private-key' }));
  });

  test('a policy may name such witnesses, and not such logs', () => {
    const text = `log ${vkeyOf(log)}\nwitness w1 ${key.text} https://w.example/\nquorum w1\n`;
    expect(formatTlogPolicy(parseTlogPolicy(text))).toBe(text);
    expect(() => parseTlogPolicy(`log ${key.text}\nquorum none\n`)).toThrow('type 1');
    expect(() => parseTlogPolicy(`witness w1 ${key.text}\nwitness w2 ${key.text}\nquorum none\n`)).toThrow('on an earlier witness line');
  });
});

test('a node without ML-DSA says so, and what to install', async () => {
  vi.resetModules();
  vi.doMock('node:crypto', async (original) => {
    const fail = (): never => {
      throw new Error('unsupported');
    };
    return { ...(await original<object>()), createPrivateKey: fail, createPublicKey: fail };
  });
  const node = await import('./node-ml-dsa.ts');
  const expected = expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('24.7') as string }) as Error;
  expect(() => node.mlDsaSignerFromSeed('a', seed)).toThrow(expected);
  expect(() => node.verifyMlDsa44(key.publicKey, new Uint8Array(), new Uint8Array(ML_DSA_SIGNATURE_BYTES))).toThrow(expected);
});

test('base64 of a line is as long as peers expect', () => {
  expect(toBase64(concatBytes(new Uint8Array(4), line.signature))).toHaveLength(3244);
});
