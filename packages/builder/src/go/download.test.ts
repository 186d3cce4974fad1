import { expect, test } from 'vitest';
import { parseReports, reasonOf } from './download.ts';

test('reports are JSON objects one after the other', () => {
  const text =
    '{\n\t"Path": "a.example/m",\n\t"Version": "v1.0.0"\n}\n{\n\t"Path": "b",\n\t"Version": "v2",\n\t"Origin": {\n\t\t"VCS": "git"\n\t}\n}\n';
  expect(parseReports(text).map(({ Path }) => Path)).toEqual(['a.example/m', 'b']);
  expect(parseReports('')).toEqual([]);
});

test.each([
  ['m@v1: verifying module: checksum mismatch\n\tdownloaded: h1:…\n\nSECURITY ERROR', 'checksum-mismatch'],
  ['m@v1: verifying module: m@v1: reading https://sum.example/lookup/m@v1: 404 Not Found', 'not-in-checksum-database'],
  ['m@v1: reading https://proxy.example/m/@v/v1.info: 404 Not Found', 'module-unavailable'],
  ['m@v1: reading https://proxy.example/m/@v/v1.zip: 403 Forbidden', 'module-unavailable'],
  ['m@v1: invalid version: unknown revision v1', 'module-unavailable'],
  ['m@v1: module lookup disabled by GOPROXY=off', 'module-unavailable'],
  ['Get "https://proxy.example": dial tcp: lookup proxy.example: no such host', 'network'],
  ['reading https://proxy.example/m: 503 Service Unavailable', 'network'],
  ['reading https://proxy.example/m: 429 Too Many Requests', 'network'],
  ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'network'],
  ['write /x: no space left on device', 'host-disk-full'],
  ['go: go.mod requires go >= 1.99 (running go 1.23.5; GOTOOLCHAIN=local)', 'not-a-module'],
  ['go: a@v1.0.0 (replaced by ../../etc): reading /etc/go.mod: open /etc/go.mod: no such file or directory', 'not-a-module'],
  ['something new', 'fetch-failed'],
])('%j is %s', (said, reason) => {
  expect(reasonOf(said)).toBe(reason);
});
