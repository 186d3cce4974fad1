import { expect, test } from 'vitest';
import { reasonOf } from './download.ts';

test.each([
  ['error: checksum for `sd v1.0.0` changed between lock files', 'checksum-mismatch'],
  [
    'error: failed to download replaced source registry\n\nCaused by:\n  failed to verify the checksum of `itoa v1.0.1`',
    'checksum-mismatch',
  ],
  ['error: cannot update the lock file /x/Cargo.lock because --locked was passed to prevent this', 'bad-lockfile'],
  ['error: the lock file /x/Cargo.lock needs to be updated but --locked was passed', 'bad-lockfile'],
  ['error: could not find `nothing-such@1.0.0` in registry `index`', 'crate-unavailable'],
  ['error: failed to select a version for the requirement `a = "=9.9.9"`', 'crate-unavailable'],
  [
    'error: failed to download from `https://x`\nCaused by:\n  failed to get successful HTTP response from `x`, got 403',
    'crate-unavailable',
  ],
  ['warning: spurious network error (3 tries remaining): [6] Could not resolve hostname', 'network'],
  ['failed to get successful HTTP response from `x`, got 503', 'network'],
  ['error: failed to parse manifest at `/x/Cargo.toml`', 'not-a-package'],
  ['error: No space left on device (os error 28)', 'host-disk-full'],
  ['error: something new', 'fetch-failed'],
])('%j is %s', (said, reason) => {
  expect(reasonOf(said)).toBe(reason);
});
