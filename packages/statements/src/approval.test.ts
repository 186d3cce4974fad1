import { testSigner } from '@verbatim/testkit';
import { describe, expect, test } from 'vitest';
import { approvalOf, groupConflict, type EnrolledPublisher } from './approval.ts';
import { keyidOf } from './keyid.ts';

function publisher(name: string, overrides: Partial<EnrolledPublisher> & { key?: string } = {}): EnrolledPublisher {
  const { key = name, ...rest } = overrides;
  const { publicKey } = testSigner(key);
  return { keyid: keyidOf(name, publicKey), publicKey, scope: ['pkg:npm/esbuild'], threshold: 1, group: null, ...rest };
}

const purl = 'pkg:npm/esbuild@0.25.0';
const alone = publisher('alone');
const [ann, ben, cyd] = ['ann', 'ben', 'cyd'].map((name) => publisher(name, { group: 'team', threshold: 2 })) as [
  EnrolledPublisher,
  EnrolledPublisher,
  EnrolledPublisher,
];
const everybody = [alone, ann, ben, cyd];
const ids = (...publishers: EnrolledPublisher[]): string[] => publishers.map(({ keyid }) => keyid);

describe('a release is approved', () => {
  test('by one publisher alone', () => {
    expect(approvalOf(purl, ids(alone), everybody)).toEqual({ approved: true, group: null, have: 1, need: 1 });
  });

  test('by enough of a group', () => {
    expect(approvalOf(purl, ids(ann, cyd), everybody)).toEqual({ approved: true, group: 'team', have: 2, need: 2 });
    expect(approvalOf(purl, ids(ann, ben, cyd), everybody)).toEqual({ approved: true, group: 'team', have: 3, need: 2 });
  });

  test('by one way when another is not complete', () => {
    expect(approvalOf(purl, ids(ann, alone), everybody).approved).toBe(true);
  });
});

describe('a release is not approved', () => {
  test('by too few of a group', () => {
    expect(approvalOf(purl, ids(ben), everybody)).toEqual({ approved: false, group: 'team', have: 1, need: 2 });
  });

  test('by nobody, or by somebody unknown', () => {
    expect(approvalOf(purl, [], everybody).approved).toBe(false);
    expect(approvalOf(purl, ['a'.repeat(64)], everybody).approved).toBe(false);
    expect(approvalOf(purl, ids(alone), [])).toEqual({ approved: false, group: null, have: 0, need: 1 });
  });

  test('by a publisher of something else', () => {
    expect(approvalOf('pkg:npm/esbuild-x@1', ids(alone, ann, ben), everybody).approved).toBe(false);
  });

  test('by one member and a stranger to the group', () => {
    const stranger = publisher('dan', { group: 'other', threshold: 2 });
    expect(approvalOf(purl, ids(ann, stranger), [...everybody, stranger]).approved).toBe(false);
  });

  test('by one key under two names', () => {
    const twin = publisher('ann-again', { key: 'ann', group: 'team', threshold: 2 });
    expect(approvalOf(purl, ids(ann, twin), [...everybody, twin])).toMatchObject({ approved: false, have: 1 });
  });

  test('by one signature listed twice', () => {
    expect(approvalOf(purl, ids(ann, ann), everybody).approved).toBe(false);
  });

  test('with the lesser of two thresholds of a group', () => {
    const lax = publisher('lax', { group: 'team', threshold: 1 });
    expect(approvalOf(purl, ids(lax), [...everybody, lax])).toMatchObject({ approved: false, need: 2 });
  });
});

describe('a new member of a group', () => {
  test('agrees about scope and threshold', () => {
    expect(groupConflict(ann, [ben, cyd])).toBe(null);
    expect(groupConflict(ann, [])).toBe(null);
    expect(groupConflict(alone, everybody)).toBe(null);
  });

  test('is told what it says otherwise', () => {
    expect(groupConflict({ ...ann, threshold: 1 }, [ben])).toBe('expected threshold 2 as in group team, found 1');
    expect(groupConflict({ ...ann, scope: ['pkg:npm/x'] }, [ben])).toBe('expected scope pkg:npm/esbuild as in group team, found pkg:npm/x');
  });
});
