/** filippo.io/torchwood: litewitness's scripted requests, real policies and keys, and bad tlog-proofs. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  EMPTY_ROOT,
  TlogError,
  formatVkey,
  fromHex,
  openCheckpoint,
  openNote,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseTlogPolicy,
  parseTlogProof,
  parseVkey,
  quorumSatisfied,
  sha256,
  toHex,
  utf8Encode,
  verifyGrowth,
  type Checkpoint,
  type VerifierKey,
} from '@verbatim/tlog';
import { parsePrivateKey, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { fetchGoModule, goStrings, type ReadModuleFile } from './_go-module.ts';

let read: ReadModuleFile;
beforeAll(() => {
  ({ read } = fetchGoModule({
    path: 'filippo.io/torchwood',
    version: 'v0.9.0',
    sum: 'h1:2W156cI7K3MyxEyNTuS1C9lYEW7y1u7PoHLmvgNsiZc=',
  }));
});

/** The POSTs of a testscript's Hurl part: body and expected status. */
function requests(script: string): { body: Uint8Array; status: number }[] {
  return [...script.matchAll(/^POST \S+\n```\n([\s\S]*?)^```\nHTTP ([0-9]{3})$/gm)].map(([, body, status]) => ({
    body: utf8Encode(body!),
    status: Number(status),
  }));
}

function toThrowCode(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof TlogError) return error.code;
    throw error;
  }
}

/** C2SP tlog-witness's checks in their order, on what this package offers; returns the status, and the new state for 200. */
function cosignRequest(body: Uint8Array, key: VerifierKey, last: Checkpoint): { status: number; state: Checkpoint } {
  const { oldSize, proof, checkpoint: bytes } = parseAddCheckpoint(body);
  const answer = (status: number, state = last) => ({ status, state });
  if (parseCheckpoint(parseNote(bytes).text).origin !== key.name) return answer(404);
  const refusal = toThrowCode(() => openCheckpoint(bytes, key, verifyEd25519));
  if (refusal === 'bad-signature' || refusal === 'unverified-note') return answer(403);
  const { checkpoint } = openCheckpoint(bytes, key, verifyEd25519);
  if (oldSize > checkpoint.size) return answer(400);
  if (oldSize !== last.size) return answer(409);
  return verifyGrowth(oldSize, checkpoint.size, proof, last.root, checkpoint.root) ? answer(200, checkpoint) : answer(422);
}

test('litewitness.txt: a Sigsum log’s requests get the statuses of the script', () => {
  const original = read('cmd/litewitness/testdata/litewitness.txt');
  // The script's wrong signature differs in bits of its base64 that mean nothing, which is malformed for us (400, not 403).
  const malformed = requests(original).filter(({ body }) => {
    const { checkpoint } = parseAddCheckpoint(body);
    return toThrowCode(() => parseNote(checkpoint)) === 'malformed-note';
  });
  expect(malformed.map(({ status }) => status)).toEqual([403]);
  const script = original.replace('WVrx6gx=', 'WVrx6gs=');
  const raw = fromHex(/add-sigsum-log -key=([0-9a-f]{64})/.exec(script)![1]!);
  const key = parseVkey(formatVkey(`sigsum.org/v1/tree/${toHex(sha256(raw))}`, 0x01, raw));
  expect(key.keyId).toBe(0x5202289b);
  let state: Checkpoint = { origin: key.name, size: 0n, root: EMPTY_ROOT };
  const found: number[] = [];
  const posts = requests(script);
  for (const { body } of posts) {
    const answer = cosignRequest(body, key, state);
    found.push(answer.status);
    state = answer.state;
  }
  expect(found).toEqual([200, 403, 404, 422, 422, 200, 409, 200, 409]);
  expect(found).toEqual(posts.map(({ status }) => status));
  expect(state.size).toBe(5n);
});

test('sumdb.txt: the Go checksum database’s checkpoint verifies, and is refused as one of a log whose key has another name', () => {
  const script = read('cmd/litewitness/testdata/sumdb.txt');
  const key = parseVkey(/-key (\S+\+[0-9a-f]{8}\+\S+)/.exec(script)![1]!);
  const [request] = requests(script);
  const { checkpoint } = parseAddCheckpoint(request!.body);
  expect(parseCheckpoint(openNote(checkpoint, [key], verifyEd25519).text)).toMatchObject({
    origin: 'go.sum database tree',
    size: 35_225_469n,
  });
  expect(() => openCheckpoint(checkpoint, key, verifyEd25519)).toThrow(expect.objectContaining({ code: 'wrong-origin' }));
});

describe('keys and policies in the field', () => {
  test('every verifier key in the scripts parses', () => {
    const scripts = ['loglist', 'litewitness', 'sumdb', 'bastion', 'logbastion'].map((name) =>
      read(`cmd/litewitness/testdata/${name}.txt`),
    );
    const vkeys = scripts.flatMap((script) => script.match(/[^\s"]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+/g) ?? []);
    expect(new Set(vkeys).size).toBeGreaterThan(4);
    expect(vkeys.filter((vkey) => parseVkey(vkey).text !== vkey)).toEqual([]);
  });

  test('the private key of a script belongs to its verifier key', () => {
    const script = read('cmd/age-keyserver/testdata/age-keylookup.txt');
    const signer = parsePrivateKey(/LOG_KEY=(\S+)/.exec(script)![1]!);
    expect(vkeyOf(signer)).toBe(/-key (example\.com\+\S+)/.exec(script)![1]!);
  });

  test.each(['cmd/age-keylookup/default_policy.txt', 'cmd/age-keyserver/witness_policy.txt'])('%s parses', (file) => {
    const policy = parseTlogPolicy(read(file));
    expect(policy.witnesses.map(({ name }) => name)).toEqual(['TrustFabric', 'Mullvad', 'Geomys']);
    expect(quorumSatisfied(policy, new Set(['Mullvad']))).toBe(false);
    expect(quorumSatisfied(policy, new Set(['Mullvad', 'Geomys']))).toBe(true);
  });
});

test('spicy_test.go: every malformed tlog-proof is refused', () => {
  const proofs = goStrings(read('spicy_test.go')).filter((s) => s.includes('\n\nexample.com/test\n'));
  expect(proofs.length).toBeGreaterThanOrEqual(8);
  const accepted = proofs.filter((proof) => toThrowCode(() => parseNote(parseTlogProof(utf8Encode(proof)).checkpoint)) === undefined);
  expect(accepted).toEqual([]);
});
