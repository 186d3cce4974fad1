import { fromHex, toBase64, utf8Decode, utf8Encode } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import { testSigner } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { outcome } from './_refusals.ts';
import { decodeEnvelope, encodeEnvelope, preAuthEncoding, verifySignatures, type Envelope } from './envelope.ts';
import { keyidOf } from './keyid.ts';
import { MAX_ENTRY_BYTES, PAYLOAD_TYPE } from './vocabulary.ts';

const keyid = (digit: string): string => digit.repeat(64);
const sig = new Uint8Array(64).fill(7);
const envelope: Envelope = { payload: utf8Encode('{}'), payloadType: PAYLOAD_TYPE, signatures: [{ keyid: keyid('a'), sig }] };
const text = utf8Decode(encodeEnvelope(envelope));
const decodeText = (changedText: string) => outcome(() => decodeEnvelope(utf8Encode(changedText)));

describe('the envelope', () => {
  test('has one encoding, and decodes to what was encoded', () => {
    expect(text).toBe(
      `{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"${keyid('a')}","sig":"${toBase64(sig)}"}]}`,
    );
    expect(decodeEnvelope(utf8Encode(text))).toEqual(envelope);
  });

  test.each([
    ['white space', text.replace(',', ', '), 'not-canonical'],
    ['a newline at the end', `${text}\n`, 'not-canonical'],
    [
      'another order of keys',
      `{"payloadType":"${PAYLOAD_TYPE}","payload":"e30=",${text.slice(text.indexOf('"signatures"'))}`,
      'not-canonical',
    ],
    ['a duplicate key', text.replace('{', '{"payload":"AAAA",'), 'not-canonical'],
    ['an escaped character', text.replace('e30=', '\\u00653\\u0030='), 'not-canonical'],
    ['an unknown key', text.replace('{', '{"extra":1,'), 'bad-schema'],
    ['an own __proto__', text.replace('{', '{"__proto__":{"payload":"e30="},'), 'bad-schema'],
    ['a missing key', text.replace('"payload":"e30=",', ''), 'bad-schema payload'],
    ['another payload type', text.replace('in-toto', 'other'), 'bad-schema payloadType'],
    ['an empty payload', text.replace('e30=', ''), 'bad-schema payload'],
    ['base64 without padding', text.replace('e30=', 'e30'), 'not-canonical payload'],
    ['URL-safe base64', text.replace('e30=', 'e3_-'), 'not-canonical payload'],
    ['base64 with trailing bits', text.replace('e30=', 'e31='), 'not-canonical payload'],
    ['base64 with white space', text.replace('e30=', 'e3\\n0='), 'not-canonical payload'],
    ['no signature', text.replace(/\[.*\]/, '[]'), 'bad-schema signatures'],
    ['a signature of 63 bytes', text.replace(toBase64(sig), toBase64(sig.subarray(1))), 'bad-schema signatures[0].sig'],
    ['a keyid in upper case', text.replace(keyid('a'), keyid('A')), 'bad-schema signatures[0].keyid'],
    ['a list', `[${text}]`, 'bad-schema'],
    ['null', 'null', 'bad-schema'],
    ['half a document', text.slice(0, -1), 'not-json'],
    ['nothing', '', 'not-json'],
    ['a byte order mark', `\u{feff}${text}`, 'not-json'],
    ['ten thousand brackets', '['.repeat(10_000), 'not-json'],
  ])('is refused with %s', (_, malformed, code) => {
    expect(decodeText(malformed)).toBe(code);
  });

  test('is refused when it is not UTF-8', () => {
    expect(outcome(() => decodeEnvelope(fromHex('ff')))).toBe('not-json');
  });

  test('has at most 16 KiB', () => {
    const overhead = text.length - 4;
    const payload = (bytes: number): Envelope => ({ ...envelope, payload: new Uint8Array(bytes) });
    const most = Math.floor((MAX_ENTRY_BYTES - overhead) / 4) * 3;
    expect(encodeEnvelope(payload(most)).length).toBeGreaterThan(MAX_ENTRY_BYTES - 4);
    expect(outcome(() => encodeEnvelope(payload(most + 1)))).toBe('too-large');
  });

  test('has at most 8 signatures', () => {
    const signatures = [...'0123456789'].map((digit) => ({ keyid: keyid(digit), sig }));
    expect(decodeEnvelope(encodeEnvelope({ ...envelope, signatures: signatures.slice(0, 8) })).signatures).toHaveLength(8);
    expect(outcome(() => encodeEnvelope({ ...envelope, signatures: signatures.slice(0, 9) }))).toBe('bad-schema signatures');
  });

  test.each([['ba'], ['aa']])('is refused with keyids in the order %s', (digits) => {
    const signatures = [...digits].map((digit) => ({ keyid: keyid(digit), sig }));
    expect(outcome(() => encodeEnvelope({ ...envelope, signatures }))).toBe('not-canonical signatures');
  });
});

describe('signatures', () => {
  test('are over the pre-authentication encoding of DSSE’s own example', () => {
    const message = preAuthEncoding('http://example.com/HelloWorld', utf8Encode('hello world'));
    expect(utf8Decode(message)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });

  test('count bytes, not characters', () => {
    expect(utf8Decode(preAuthEncoding('é', utf8Encode('ü€')))).toBe('DSSEv1 2 é 5 ü€');
  });

  const signers = [testSigner('one'), testSigner('two')].toSorted((a, b) =>
    keyidOf(a.name, a.publicKey) < keyidOf(b.name, b.publicKey) ? -1 : 1,
  );
  const keys = signers.map((signer) => ({ keyid: keyidOf(signer.name, signer.publicKey), publicKey: signer.publicKey }));
  const signed: Envelope = {
    ...envelope,
    signatures: signers.map((signer, index) => ({
      keyid: keys[index]!.keyid,
      sig: signer.sign(preAuthEncoding(PAYLOAD_TYPE, envelope.payload)),
    })),
  };

  test('verify by known keys, and unknown ones are left out', () => {
    expect(verifySignatures(signed, keys, verifyEd25519)).toEqual(keys.map((key) => key.keyid));
    expect(verifySignatures(signed, keys.slice(1), verifyEd25519)).toEqual([keys[1]!.keyid]);
    expect(verifySignatures(signed, [], verifyEd25519)).toEqual([]);
  });

  test('refuse the whole envelope when a known key’s does not verify', () => {
    const other = { ...signed, payload: utf8Encode('{ }') };
    expect(outcome(() => verifySignatures(other, keys.slice(1), verifyEd25519))).toBe('bad-signature signatures');
  });
});
