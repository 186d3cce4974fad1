import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { testKey } from './_keys.ts';
import {
  MAX_POLICY_BYTES,
  PolicyLineError,
  expectFields,
  formatTlogPolicy,
  formatVkey,
  parsePolicyLines,
  parseTlogPolicy,
  quorumSatisfied,
  type TlogPolicy,
} from './index.ts';

const log = testKey('log.example').key.text;
const [w1, w2, w3, w4, w5, w6] = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'].map((name) => testKey(`${name}.example`, 0x04).key.text) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const EXAMPLE = `log ${log} https://log.example/

witness X1 ${w1}
witness X2 ${w2}
witness X3 ${w3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${w4}
witness Y2 ${w5}
witness Y3 ${w6} https://y3.example/
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

test('the example of C2SP tlog-policy parses', () => {
  const policy = parseTlogPolicy(EXAMPLE);
  expect(policy.logs).toMatchObject([{ key: { name: 'log.example', type: 1 }, url: 'https://log.example/' }]);
  expect(policy.witnesses.map(({ name }) => name)).toEqual(['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']);
  expect(policy.witnesses[0]).not.toHaveProperty('url');
  expect(policy.groups).toEqual([
    { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
    { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
    { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
  ]);
  expect(policy.quorum).toBe('X-and-Y');
});

test('the canonical text reads back as the same policy', () => {
  for (const text of [EXAMPLE, 'quorum none\n', `witness a ${w1}\nquorum a\n`]) {
    const policy = parseTlogPolicy(text);
    expect(parseTlogPolicy(formatTlogPolicy(policy))).toEqual(policy);
  }
});

test('spaces, tabs, comments and blank lines mean nothing', () => {
  const text = ` \t\n  # a comment with "quorum x"\n#\n\t witness \t a  ${w1} \t \n quorum\ta\t\n\n`;
  expect(parseTlogPolicy(text)).toMatchObject({ witnesses: [{ name: 'a' }], quorum: 'a' });
});

test('a number sign within a line is text', () => {
  expect(parseTlogPolicy(`witness a#1 ${w1} https://w.example/#frag\nquorum a#1\n`)).toMatchObject({
    witnesses: [{ name: 'a#1', url: 'https://w.example/#frag' }],
  });
  expect(() => parseTlogPolicy(`witness a ${w1}\nquorum a # the one\n`)).toThrow(PolicyLineError);
});

test('names are opaque: case, scripts and prototypes do not confuse them', () => {
  const text = `witness K ${w1}\nwitness \u212a ${w2}\nwitness k ${w3}\nwitness __proto__ ${w4}\nwitness toString ${w5}\ngroup g all K \u212a k __proto__ toString\nquorum g\n`;
  const policy = parseTlogPolicy(text);
  expect(quorumSatisfied(policy, new Set(['K', '\u212a', 'k', '__proto__', 'toString']))).toBe(true);
  expect(quorumSatisfied(policy, new Set(['K', 'k', '__proto__', 'toString']))).toBe(false);
});

test('32 logs, witnesses and groups are supported', () => {
  const keys = (prefix: string, type: number) => Array.from({ length: 32 }, (_, i) => testKey(`${prefix}${i}`, type).key.text);
  const text = [
    ...keys('log', 1).map((key) => `log ${key}\n`),
    ...keys('w', 4).map((key, i) => `witness w${i} ${key}\n`),
    ...Array.from({ length: 32 }, (_, i) => `group g${i} all w${i}${i === 0 ? '' : ` g${i - 1}`}\n`),
    'quorum g31\n',
  ].join('');
  const policy = parseTlogPolicy(text);
  const names = policy.witnesses.map(({ name }) => name);
  expect(quorumSatisfied(policy, new Set(names))).toBe(true);
  for (const missing of names) expect(quorumSatisfied(policy, new Set(names.filter((name) => name !== missing)))).toBe(false);
});

describe('refused, with the number of the line:', () => {
  const sameKey = formatVkey('other.example', 0x04, testKey('w1.example', 0x04).key.publicKey);
  const sameLogKey = formatVkey('other.example', 0x01, testKey('log.example').key.publicKey);
  test.each<[string, string, number]>([
    ['nothing', '', 0],
    ['no quorum', `witness a ${w1}\n`, 0],
    ['two quorums', 'quorum none\nquorum none\n', 2],
    ['no newline at the end', 'quorum none', 0],
    ['an unknown keyword', 'quorum none\nrebuilder x\n', 2],
    ['a keyword in upper case', 'Quorum none\n', 1],
    ['a property of every object', 'quorum none\nconstructor\n', 2],
    ['a carriage return', 'quorum none\r\n', 1],
    ['a no-break space', 'quorum\u00a0none\n', 1],
    ['a vertical tab', 'quorum\vnone\n', 1],
    ['DEL', 'quorum none\u007f\n', 1],
    ['NUL', '#\u0000\nquorum none\n', 1],
    ['a lone surrogate', '#\ud800\nquorum none\n', 0],
    ['a quorum of two', `witness a ${w1}\nwitness b ${w2}\nquorum a b\n`, 3],
    ['an empty quorum', 'quorum\n', 1],
    ['a quorum that is not defined', 'quorum a\n', 1],
    ['a quorum that is defined later', `quorum a\nwitness a ${w1}\n`, 1],
    ['a witness without a key', 'witness a\nquorum none\n', 1],
    ['a witness with two URLs', `witness a ${w1} x y\nquorum none\n`, 1],
    ['a witness named none', `witness none ${w1}\nquorum none\n`, 1],
    ['a witness with a log’s key type', `witness a ${log}\nquorum none\n`, 1],
    ['a witness whose name is taken', `witness a ${w1}\nwitness a ${w2}\nquorum a\n`, 2],
    ['a witness key twice', `witness a ${w1}\nwitness b ${w1}\nquorum a\n`, 2],
    ['a witness key twice under two key names', `witness a ${w1}\nwitness b ${sameKey}\nquorum a\n`, 2],
    ['a log with a witness’s key type', `log ${w1}\nquorum none\n`, 1],
    ['a log twice', `log ${log}\nlog ${log}\nquorum none\n`, 2],
    ['a log key twice under two names', `log ${log}\nlog ${sameLogKey}\nquorum none\n`, 2],
    ['a log without a key', 'log\nquorum none\n', 1],
    ['a bad key', `log ${log.slice(0, -1)}\nquorum none\n`, 1],
    ['a key of order 8', `log a+00000000+ASbolY/CsiewRcP0ifLvmPDV36wF08YzObE4AohtU/wF\nquorum none\n`, 1],
    ['a group named none', `witness a ${w1}\ngroup none 1 a\nquorum a\n`, 2],
    ['none as a member', `witness a ${w1}\ngroup g 1 none\nquorum a\n`, 2],
    ['a group whose name is taken', `witness a ${w1}\ngroup a 1 a\nquorum a\n`, 2],
    ['a group in itself', `witness a ${w1}\ngroup g 1 a g\nquorum g\n`, 2],
    ['a group without members', 'group g all\nquorum none\n', 1],
    ['a member that is not defined', `witness a ${w1}\ngroup g 1 a b\nquorum g\n`, 2],
    ['a member twice in a group', `witness a ${w1}\ngroup g 1 a a\nquorum g\n`, 2],
    ['a member of two groups', `witness a ${w1}\ngroup g 1 a\ngroup h 1 a\nquorum h\n`, 3],
    ['threshold 0', `witness a ${w1}\ngroup g 0 a\nquorum g\n`, 2],
    ['a threshold above the members', `witness a ${w1}\ngroup g 2 a\nquorum g\n`, 2],
    ['threshold 01', `witness a ${w1}\ngroup g 01 a\nquorum g\n`, 2],
    ['threshold +1', `witness a ${w1}\ngroup g +1 a\nquorum g\n`, 2],
    ['threshold 1.0', `witness a ${w1}\ngroup g 1.0 a\nquorum g\n`, 2],
    ['threshold ANY', `witness a ${w1}\ngroup g ANY a\nquorum g\n`, 2],
    ['a threshold of a thousand digits', `witness a ${w1}\ngroup g ${'1'.repeat(1000)} a\nquorum g\n`, 2],
  ])('%s', (_name, text, line) => {
    expect(() => parseTlogPolicy(text)).toThrow(expect.objectContaining({ code: 'malformed-policy', line }));
  });

  test('more than the longest policy', () => {
    const comment = (length: number) => `#${'x'.repeat(length - 14)}\nquorum none\n`;
    expect(parseTlogPolicy(comment(MAX_POLICY_BYTES))).toMatchObject({ quorum: null });
    expect(() => parseTlogPolicy(comment(MAX_POLICY_BYTES + 1))).toThrow(expect.objectContaining({ line: 0 }));
    expect(() => parseTlogPolicy(`#${'é'.repeat(MAX_POLICY_BYTES / 2)}\nquorum none\n`)).toThrow(expect.objectContaining({ line: 0 }));
  });
});

describe('the quorum', () => {
  const policy = parseTlogPolicy(EXAMPLE);

  test.each<[string[], boolean]>([
    [[], false],
    [['X1', 'X2'], false],
    [['X1', 'Y1'], false],
    [['Y1', 'Y2', 'Y3'], false],
    [['X1', 'X3', 'Y2'], true],
    [['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'], true],
  ])('with %j is %s', (names, satisfied) => {
    expect(quorumSatisfied(policy, new Set(names))).toBe(satisfied);
  });

  test('none needs nobody', () => {
    expect(quorumSatisfied(parseTlogPolicy(`witness a ${w1}\nquorum none\n`), new Set())).toBe(true);
  });

  test('is not fooled by the name of a group or a stranger', () => {
    for (const name of ['X-and-Y', 'X-witnesses', 'nobody']) {
      expect(() => quorumSatisfied(policy, new Set([name]))).toThrow(expect.objectContaining({ code: 'malformed-policy' }));
    }
  });

  test('never gets lost when more witnesses cosign', () => {
    const names = policy.witnesses.map(({ name }) => name);
    fc.assert(
      fc.property(fc.subarray(names), fc.subarray(names), (some, more) => {
        const before = quorumSatisfied(policy, new Set(some));
        const after = quorumSatisfied(policy, new Set([...some, ...more]));
        expect(!before || after).toBe(true);
      }),
    );
  });

  test('of random nested groups is what recursion says', () => {
    const keys = [w1, w2, w3, w4, w5, w6];
    const shape = fc.array(fc.tuple(fc.nat(), fc.nat(4)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(shape, fc.subarray(['0', '1', '2', '3', '4', '5']), (groups, verified) => {
        // Each group takes the next free names, so every name is a member once at most.
        const free = keys.map((_, i) => String(i));
        const lines = groups.flatMap(([threshold, count], i) => {
          const members = free.splice(0, count + 1);
          if (members.length === 0) return [];
          free.push(`g${i}`);
          return [`group g${i} ${1 + (threshold % members.length)} ${members.join(' ')}\n`];
        });
        const text = `${keys.map((key, i) => `witness ${i} ${key}\n`).join('')}${lines.join('')}quorum ${free.at(-1)!}\n`;
        const random = parseTlogPolicy(text);
        expect(quorumSatisfied(random, new Set(verified))).toBe(recurse(random, random.quorum!, verified));
      }),
    );
  });

  function recurse(tree: TlogPolicy, name: string, verified: readonly string[]): boolean {
    const group = tree.groups.find((candidate) => candidate.name === name);
    if (group === undefined) return verified.includes(name);
    return group.members.filter((member) => recurse(tree, member, verified)).length >= group.threshold;
  }
});

describe('an extended policy', () => {
  test('sends its own lines to its handlers, in order, with their numbers', () => {
    const seen: string[] = [];
    const policy = parsePolicyLines(`version 1\n\nlog ${log}\nrequire 2 # not a comment\nquorum none\nversion 2\n`, {
      version: (line) => {
        expectFields(line, 1, 1, 'version <number>');
        seen.push(`${line.number} ${line.keyword} ${line.fields.join('|')}`);
      },
      require: (line) => seen.push(`${line.number} ${line.keyword} ${line.fields.join('|')}`),
    });
    expect(seen).toEqual(['1 version 1', '4 require 2|#|not|a|comment', '6 version 2']);
    expect(formatTlogPolicy(policy)).toBe(`log ${log}\nquorum none\n`);
  });

  test('cannot take over the keywords of C2SP, or inherit any', () => {
    const stolen: string[] = [];
    const steal = { log: () => stolen.push('log'), quorum: () => stolen.push('quorum') };
    expect(parsePolicyLines(`log ${log}\nquorum none\n`, steal).logs).toHaveLength(1);
    expect(stolen).toEqual([]);
    expect(() => parsePolicyLines('quorum none\ntoString\n', {})).toThrow(/unknown keyword/);
  });

  test('reports a wrong number of fields with the form it wants', () => {
    const handlers = { version: (line: Parameters<typeof expectFields>[0]) => expectFields(line, 1, 1, 'version <number>') };
    for (const text of ['version\nquorum none\n', 'version 1 2\nquorum none\n']) {
      expect(() => parsePolicyLines(text, handlers)).toThrow(/^policy line 1: expected version <number>, found/);
    }
  });
});
