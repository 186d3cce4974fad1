import { expect, test } from 'vitest';
import { FAMILIES, NETWORK_FAMILIES, REFUSED, seccompProgram } from './seccomp.ts';

const ARCH = { amd64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 };
const SOCKET = { amd64: [41, 53], arm64: [198, 199] };

/** What the kernel's interpreter of classic BPF makes of a call: `allow`, or an errno. */
function judge(arch: number, number: number, first = 0, network = false): 'allow' | number {
  const program = seccompProgram(network);
  const data = Buffer.alloc(64);
  data.writeInt32LE(number, 0);
  data.writeUInt32LE(arch, 4);
  data.writeBigUInt64LE(BigInt(first), 16);
  let loaded = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, yes, no, value] = [
      program.readUInt16LE(at * 8),
      program[at * 8 + 2]!,
      program[at * 8 + 3]!,
      program.readUInt32LE(at * 8 + 4),
    ];
    if (code === 0x20) loaded = data.readUInt32LE(value);
    else if (code === 0x15) at += loaded === value ? yes : no;
    else if (code === 0x35) at += loaded >= value ? yes : no;
    else if (code !== 0x06) throw new Error(`unknown code ${code}`);
    else if (value === 0x7fff0000) return 'allow';
    else return value - 0x50000;
  }
  throw new Error('the program does not end');
}

test.each(['amd64', 'arm64'] as const)('on %s what is listed answers as if the kernel had not got it, and nothing else does', (arch) => {
  const refused = Array.from({ length: 600 }, (_, number) => number).filter((number) => judge(ARCH[arch], number, 1) !== 'allow');
  expect(refused).toEqual(
    Object.values(REFUSED)
      .map((numbers) => numbers[arch])
      .sort((a, b) => a - b),
  );
  expect(refused.map((number) => judge(ARCH[arch], number))).toEqual(refused.map(() => 38));
});

test.each(['amd64', 'arm64'] as const)('on %s sockets are only of families that a network namespace keeps apart', (arch) => {
  for (const number of SOCKET[arch]) {
    const families = Array.from({ length: 64 }, (_, family) => family).filter((family) => judge(ARCH[arch], number, family) === 'allow');
    expect(families).toEqual([...FAMILIES]);
    expect(judge(ARCH[arch], number, 40)).toBe(97);
    // The kernel looks at 32 bits only, and so does the filter.
    expect(judge(ARCH[arch], number, 0x1_0000_0028)).toBe(97);
  }
});

test.each(['amd64', 'arm64'] as const)(
  'on %s, with the host’s network, sockets of a name of the host’s are refused and pairs are not',
  (arch) => {
    const allowed = SOCKET[arch].map((number) =>
      Array.from({ length: 64 }, (_, family) => family).filter((family) => judge(ARCH[arch], number, family, true) === 'allow'),
    );
    expect(allowed).toEqual([[2, 10, 16], [...FAMILIES]]);
    expect(allowed).toEqual([NETWORK_FAMILIES.socket, NETWORK_FAMILIES.socketpair]);
    expect(judge(ARCH[arch], SOCKET[arch][0]!, 1, true)).toBe(97);
  },
);

test('other ABIs of the same processor have no calls at all', () => {
  for (const arch of [ARCH.i386, ARCH.arm]) expect([1, 102, 359].map((number) => judge(arch, number, 1))).toEqual([38, 38, 38]);
  expect(judge(ARCH.amd64, 0x4000_0000 + 41, 1)).toBe(38);
  expect(judge(ARCH.amd64, -1)).toBe(38);
});

test('it is small, and the same everywhere', () => {
  expect(seccompProgram().length).toBeLessThan(1000);
  expect(seccompProgram().subarray(0, 16).toString('hex')).toBe('2000000004000000150000343e0000c0');
});
