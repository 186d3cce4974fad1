import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { aside, code, elf } from '../explain/_elf.ts';
import { readAuditable } from './auditable.ts';

const PACKAGES = [
  { name: 'cc', version: '1.2.0', source: 'crates.io', kind: 'build' },
  { name: 'serde', version: '1.0.200', source: 'crates.io' },
  { name: 'tool', version: '0.3.1', source: 'local', dependencies: [0, 1], root: true },
];
const program = (section: string | Uint8Array) => elf([code('code'), aside('.dep-v0', Buffer.from(section).toString('latin1'))]);
const listing = (packages: unknown) => program(deflateSync(JSON.stringify({ packages, format: 1 })));

describe('the list of cargo auditable', () => {
  test('names the crate of a program and all that went into it', () => {
    expect(readAuditable(listing(PACKAGES))).toEqual({ name: 'tool', version: '0.3.1', crates: ['cc 1.2.0', 'serde 1.0.200'] });
  });

  test.each([
    ['no root', listing(PACKAGES.slice(0, 2))],
    ['two roots', listing([...PACKAGES, { ...PACKAGES[2]!, name: 'other' }])],
    ['a name that is none', listing([{ ...PACKAGES[2]!, name: '../x' }])],
    ['a version that is none', listing([{ ...PACKAGES[2]!, version: 7 }])],
    ['no list', listing(null)],
    ['nothing', listing([null])],
    ['other bytes', program('not packed')],
    ['what is cut off', program(deflateSync(JSON.stringify({ packages: PACKAGES })).subarray(0, 40))],
    ['a bomb', program(deflateSync(Buffer.alloc(9 * 1024 * 1024, ' ')))],
    ['no such section', elf([code('code')])],
    ['no program', Buffer.from('.dep-v0')],
  ])('is not read from %s', (_, bytes) => {
    expect(readAuditable(bytes)).toBeNull();
  });
});
