import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../_temporary.ts';
import { zipHash1 } from '../zip-h1.ts';
import { receiveArtifact, type ReceiveLimits } from './receive.ts';

const VERSION = 'v0.0.0-20250915201037-7f05d217867b';
const MODULE = `pkg:golang/golang.org/x/example/hello@${VERSION}`;
const NOTHING = { sha256: '0'.repeat(64), sha512: '0'.repeat(128) };

async function receiving(coordinate: string, path: string | null = null, limits: Partial<ReceiveLimits> = {}) {
  const privateDir = join(await temporaryFolder(), 'private');
  const member = path === null ? null : { path, container: { name: 'm.zip', ...NOTHING } };
  return { privateDir, outcome: await receiveArtifact({ coordinate, member, claimed: NOTHING, privateDir, limits }) };
}

test('a module’s zip is received through go, which checks it against the checksum database; nothing else is left', async () => {
  const { outcome, privateDir } = await receiving(MODULE);
  expect(outcome).toMatchObject({ kind: 'received', container: null, claimMismatch: true });
  expect(readdirSync(privateDir)).toEqual(['artifact']);
  expect(await zipHash1(join(privateDir, 'artifact'), { maxBytes: 1e6 })).toBe('h1:+gZE2jOdiscYByu0606Uw8Ldir2Cecd39Vq/3IEasRA=');
});

test('what is not served is not published, what is too large is not received, and only module versions are coordinates', async () => {
  const reason = async (...request: Parameters<typeof receiving>) => ((await receiving(...request)).outcome as { reason: string }).reason;
  expect(await reason(MODULE.replace('2025', '2024'))).toBe('not-published');
  expect(await reason(MODULE, null, { fileBytes: 100 })).toBe('too-large');
  expect(await reason(MODULE, 'no/such/member')).toBe('container-mismatch');
  for (const coordinate of [
    'pkg:golang/golang.org/x/example/hello@main',
    'pkg:golang/hello@v1.0.0',
    `${MODULE}?goos=linux`,
    'pkg:gem/x@1.0.0',
  ]) {
    expect(await reason(coordinate)).toBe('coordinate-unsupported');
  }
});
