/** Cosignatures and notes against github.com/transparency-dev/formats and golang.org/x/mod, both ways. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  cosign,
  formatCheckpoint,
  formatNote,
  greaseLines,
  KEY_TYPE_COSIGNATURE,
  openNote,
  parseNote,
  parseVkey,
  signNote,
  utf8Encode,
} from '@verbatim/tlog';
import { generateSeed, mlDsaSignerFromSeed, parseMlDsaPrivateKey, signerFromSeed, verifyEd25519, vkeyOf } from '@verbatim/tlog/node';
import { beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('cosignatures', import.meta.url));

const log = signerFromSeed('log.example/1', generateSeed());
const TEXT = formatCheckpoint({ origin: log.name, size: 20_852_163n, root: new Uint8Array(32).fill(7) });

let binary: string;
beforeAll(async () => {
  const folder = join(tmpdir(), 'verbatim-foreign-bin');
  await mkdir(folder, { recursive: true });
  binary = join(folder, 'cosignatures');
  await run('go', ['build', '-o', binary, '.'], {
    cwd: SOURCE,
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOWORK: 'off' },
  });
});

/** What the foreign verifier says of a note. */
function foreignVerdict(vkey: string, note: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(binary, ['verify', vkey], (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin!.end(note);
  });
}

/** A checkpoint of ours with GREASE, and with these cosignatures. */
function cosigned(...signers: Parameters<typeof cosign>[1][]): Uint8Array {
  const { signatures } = parseNote(signNote(TEXT, [log]));
  const lines = signers.map((signer) => cosign(TEXT, signer, 1_800_000_000n));
  return formatNote({ text: TEXT, signatures: [...greaseLines(TEXT, 16), ...signatures, ...lines] });
}

test('their ML-DSA cosignature verifies here, and their private key is the same key here', async () => {
  const { stdout } = await run(binary, ['sign', TEXT]);
  const [skey, vkey, ...note] = stdout.split('\n');
  const key = parseVkey(vkey!);
  const opened = openNote(utf8Encode(note.join('\n')), [key], verifyEd25519);
  expect(opened.verified).toHaveLength(1);
  expect(vkeyOf(parseMlDsaPrivateKey(skey!))).toBe(key.text);
});

test('our cosignatures, ML-DSA and Ed25519, verify there, among 16 lines of nobody', async () => {
  const ed25519 = signerFromSeed('witness.example/1', generateSeed());
  const mlDsa = mlDsaSignerFromSeed('witness.example/1', generateSeed());
  const note = cosigned(ed25519, mlDsa);
  for (const vkey of [vkeyOf(ed25519, KEY_TYPE_COSIGNATURE), vkeyOf(mlDsa)]) expect(await foreignVerdict(vkey, note)).toBe('verified\n');
});

test('and they refuse what we would refuse', async () => {
  const mlDsa = mlDsaSignerFromSeed('witness.example/1', generateSeed());
  const { text, signatures } = parseNote(cosigned(mlDsa));
  const last = signatures.at(-1)!;
  const forged = formatNote({
    text,
    signatures: [...signatures.slice(0, -1), { ...last, signature: last.signature.with(500, last.signature[500]! ^ 1) }],
  });
  expect(await foreignVerdict(vkeyOf(mlDsa), forged)).toContain('invalid signature');
});
