import { expect, test } from 'vitest';
import { aptFailure, aptReason } from './apt-errors.ts';

test.each([
  [`E: Version '9.9' for 'libc6' was not found`, 'package-unavailable'],
  ['E: Unable to locate package nothing', 'package-unavailable'],
  ['E: Unable to find a source package for nothing', 'package-unavailable'],
  ['Err:1 https://mirror.example/debian bookworm/main rust-sd 0.7.6-1 (tar)\n  404  Not Found [IP: 192.0.2.1 80]', 'package-unavailable'],
  [`E: The repository 'https://mirror.example/debian nowhere Release' does not have a Release file.`, 'package-unavailable'],
  ['E: Failed to fetch https://mirror.example/x.deb  Hash Sum mismatch', 'checksum-mismatch'],
  [
    'E: GPG error: https://mirror.example bookworm InRelease: signatures couldn’t be verified: NO_PUBKEY 6ED0E7B82643E131',
    'checksum-mismatch',
  ],
  [`E: The repository 'https://mirror.example/debian x InRelease' is not signed.`, 'checksum-mismatch'],
  ['E: Failed to fetch https://mirror.example/x.deb  Could not resolve ‘mirror.example’', 'network'],
  ['  503  Service Unavailable', 'network'],
  ['E: write: No space left on device', 'host-disk-full'],
  ['E: something new', 'fetch-failed'],
])('%s is %s', (said, reason) => {
  expect(aptReason(said)).toBe(reason);
});

test('a failure says what was wanted, and the errors without the warnings', () => {
  const stderr = 'W: Download is performed unsandboxed\nE: Unable to locate package nothing\n';
  const failed = aptFailure('packages nothing', { code: 100, stdout: '', stderr, ended: 'exit' }, 1000);
  expect(failed).toMatchObject({
    reason: 'package-unavailable',
    detail: 'packages nothing: E: Unable to locate package nothing',
    transient: false,
  });
  const late = aptFailure('lists', { code: null, stdout: '', stderr: '', ended: 'timeout' }, 1000);
  expect(late).toMatchObject({ reason: 'fetch-timeout', transient: true });
});
