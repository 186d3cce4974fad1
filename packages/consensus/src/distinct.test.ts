import { describe, expect, it } from 'vitest';
import { countDistinct, type MatchingOperator } from './distinct.ts';

function op(name: string, arches: string[], cloud: string | null = null): MatchingOperator {
  return { operator: { name, cloud, toolchain: null }, arches };
}

describe('operators differ', () => {
  it('in their names', () => {
    expect(countDistinct('operator', [op('a', []), op('b', [])])).toBe(2);
    expect(countDistinct('operator', [])).toBe(0);
  });

  it('in what the policy states, never in what it leaves out', () => {
    expect(countDistinct('cloud', [op('a', [], 'aws'), op('b', []), op('c', [])])).toBe(1);
    expect(countDistinct('toolchain', [op('a', []), op('b', [])])).toBe(0);
  });

  it('in one value each: one operator on two architectures is not two', () => {
    expect(countDistinct('arch', [op('a', ['amd64', 'arm64'])])).toBe(1);
    expect(countDistinct('arch', [op('a', ['amd64', 'arm64']), op('b', ['amd64'])])).toBe(2);
    expect(countDistinct('arch', [op('b', ['amd64']), op('a', ['amd64', 'arm64'])])).toBe(2);
    expect(countDistinct('arch', [op('a', ['amd64']), op('b', ['amd64'])])).toBe(1);
  });

  it('as much as any assignment allows', () => {
    const chain = [op('a', ['1', '2']), op('b', ['2', '3']), op('c', ['1']), op('d', ['3', '4'])];
    expect(countDistinct('arch', chain)).toBe(4);
  });
});
