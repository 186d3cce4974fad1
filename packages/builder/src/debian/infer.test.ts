import { expect, test } from 'vitest';
import { cratesOf, sourceFilesOf, sourceOf } from './infer.ts';

test.each([
  ['Package: hello\nVersion: 2.10-2\n', { name: 'hello', version: '2.10-2+b1' }],
  ['Package: sd\nSource: rust-sd (0.7.6-1+deb12u1)\nVersion: 0.80\n', { name: 'rust-sd', version: '0.7.6-1+deb12u1' }],
  ['Package: libhello2\nSource: hello\nVersion: 2.10-2\n', { name: 'hello', version: '2.10-2+b1' }],
  ['Description: x\n Source: not-this\n', { name: 'hello', version: '2.10-2+b1' }],
])('%j comes from %j', (control, source) => {
  expect(sourceOf(control, 'hello', '2.10-2+b1')).toEqual(source);
});

test('the files of a source package are those that apt would download', () => {
  const digest = 'a'.repeat(64);
  const text = `'https://mirror.example/hello_2.10-2.dsc' hello_2.10-2.dsc 1950 SHA256:${digest}\n'https://mirror.example/x' hello_2.10.orig.tar.gz 725946 SHA256:${digest}\nNOTICE: something\n`;
  expect(sourceFilesOf(text)).toEqual([
    { name: 'hello_2.10-2.dsc', sha256: digest },
    { name: 'hello_2.10.orig.tar.gz', sha256: digest },
  ]);
});

test.each([
  ['rust-sd', 'rust-sd_0.7.6.orig.tar.gz', [{ file: 'rust-sd_0.7.6.orig.tar.gz', name: 'sd', version: '0.7.6' }]],
  ['rust-clap-2', 'rust-clap-2_2.34.0.orig.tar.gz', [{ file: 'rust-clap-2_2.34.0.orig.tar.gz', name: 'clap', version: '2.34.0' }]],
  ['rust-cbindgen', 'rust-cbindgen_0.24.3+ds.orig.tar.gz', []],
  ['hello', 'hello_2.10.orig.tar.gz', []],
])('of %s, %s may be a crate: %j', (source, file, crates) => {
  expect(cratesOf(source, [file])).toEqual(crates);
});
