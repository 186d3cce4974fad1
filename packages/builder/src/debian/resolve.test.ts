import { expect, test } from 'vitest';
import { pinOf } from './resolve.ts';

const DIGEST = 'f617952df0c57b4ee039448e3941bccd3f97bfff71e9b0f87ca6dae15cb3f5ef';

test('apt’s addresses give names, versions with their epoch, architectures and digests', () => {
  const line = `'https://mirror.example/pool/libcrypt1_4.4.18-4_amd64.deb' libcrypt1_1%3a4.4.18-4_amd64.deb 87504 SHA256:${DIGEST}`;
  expect(pinOf(line)).toEqual({ name: 'libcrypt1', version: '1:4.4.18-4', architecture: 'amd64', sha256: DIGEST });
});

test.each([
  `'https://mirror.example/x.dsc' rust-sd_0.7.6-1.dsc 2314 SHA256:${DIGEST}`,
  `'https://mirror.example/x.deb' x_1_amd64.deb 10 MD5Sum:${DIGEST.slice(32)}`,
  `'https://mirror.example/x.deb' x_1_amd64.deb 10`,
])('%s is no pin', (line) => {
  expect(pinOf(line)).toBeNull();
});
