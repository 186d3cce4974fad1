import { mlDsaSignerFromSeed, signerFromSeed, vkeyOf } from '@verbatim/tlog/node';
import { parseTlogPolicy } from '@verbatim/tlog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyError } from './errors.ts';
import { describePolicy, tlogPart } from './policy-text.ts';
import { parsePolicy } from './policy.ts';

const vkey = (name: string, seed: number, type: 0x01 | 0x04 = 0x01): string =>
  vkeyOf(signerFromSeed(name, new Uint8Array(32).fill(seed)), type);

const LINES = [
  'version 1',
  'expires 2027-11-01T00:00:00Z',
  `log ${vkey('log.test', 1)} https://log.test`,
  `root ${vkey('root.test', 2)}`,
  `witness w1 ${vkey('w1.test', 3, 0x04)}`,
  `witness w2 ${vkey('w2.test', 4, 0x04)}`,
  'group ws 2 w1 w2',
  'quorum ws',
  'operator acme cloud=aws toolchain=go.dev',
  'operator umbra cloud=hetzner',
  `rebuilder acme-1 acme linux/amd64 ${vkey('acme-1.test', 5)}`,
  `rebuilder umbra-1 umbra linux/arm64 ${vkey('umbra-1.test', 6)}`,
  `claimant watch registrar pkg:npm/ ${vkey('watch.test', 7)}`,
  'require 2',
] as const;

const INDEX = [`index-witness i1 ${vkey('i1.test', 8, 0x04)}`, `index-witness i2 ${vkey('i2.test', 9, 0x04)}`];

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const GOOD = text(LINES);
const add = (...lines: string[]): string => GOOD + text(lines);
/** The policy with the line that begins so replaced, or left out. */
const change = (start: string, ...lines: string[]): string => text(LINES.flatMap((line) => (line.startsWith(start) ? lines : [line])));

function refusal(policy: string): { code: string; line: number | null; message: string } {
  try {
    parsePolicy(policy);
  } catch (error) {
    if (error instanceof PolicyError) return { code: error.code, line: error.line, message: error.message };
    throw error;
  }
  throw new Error(`this policy was accepted:\n${policy}`);
}

describe('a policy', () => {
  it('is read with its defaults: answers k, dissent 0, a day online, thirty days offline', () => {
    const policy = parsePolicy(GOOD);
    expect(policy).toMatchObject({
      version: 1,
      require: 2,
      answers: 2,
      dissent: 0,
      maxAge: 86_400,
      bundleMaxAge: 30 * 86_400,
      distinct: [],
    });
    expect(policy.expires).toBe(Date.UTC(2027, 10, 1) / 1000);
    expect(policy.log.url).toBe('https://log.test');
    expect(policy.operators).toEqual([
      { name: 'acme', cloud: 'aws', toolchain: 'go.dev' },
      { name: 'umbra', cloud: 'hetzner', toolchain: null },
    ]);
    expect(policy.rebuilders.map(({ name, operator, arch }) => [name, operator, arch])).toEqual([
      ['acme-1', 'acme', 'linux/amd64'],
      ['umbra-1', 'umbra', 'linux/arm64'],
    ]);
  });

  it('takes where a rebuilder serves what no log takes', () => {
    const line = `rebuilder x-1 acme linux/amd64 ${vkey('x.test', 20)}`;
    expect(parsePolicy(add(`${line} https://x.test/rebuilder`)).rebuilders.at(-1)!.url).toBe('https://x.test/rebuilder');
    expect(parsePolicy(add(line)).rebuilders.at(-1)!.url).toBeNull();
    expect(describePolicy(parsePolicy(add(`${line} https://x.test/`))).join()).toContain('asked at https://x.test/ on request');
    for (const url of [
      'x.test',
      'file:///etc/passwd',
      'https://x.test/?q',
      'https://x.test/#h',
      `https://${'x'.repeat(600)}`,
      'https://é.test',
    ]) {
      expect(() => parsePolicy(add(`${line} ${url}`)), url).toThrow(/expected an address/);
    }
    expect(() => parsePolicy(add(`${line} https://x.test/ more`))).toThrow(/VKEY \[URL\]/);
  });

  it('takes how complete the evidence must be, and who audits the index', () => {
    expect(parsePolicy(GOOD)).toMatchObject({ completeness: 'root', indexWitnesses: [], indexQuorum: 0 });
    for (const completeness of ['advisory', 'root', 'audited']) {
      expect(parsePolicy(add(`completeness ${completeness}`))).toMatchObject({ completeness });
    }
    expect(parsePolicy(add(...INDEX))).toMatchObject({ indexWitnesses: [{ name: 'i1' }, { name: 'i2' }], indexQuorum: 2 });
    const later = vkeyOf(mlDsaSignerFromSeed('i3.test', new Uint8Array(32).fill(3)));
    expect(parsePolicy(add(...INDEX, `index-witness i3 ${later}`)).indexQuorum).toBe(3);
    const policy = parsePolicy(add(...INDEX, 'index-quorum 1', 'completeness audited'));
    expect(policy.indexQuorum).toBe(1);
    // They are no witnesses: nothing of them is in the C2SP part.
    expect(tlogPart(policy)).not.toContain('i1');
    const words = describePolicy(policy).join('\n');
    expect(words).toContain('1 of 2 index-witnesses');
    expect(words).toContain('audited');
  });

  it('takes comments, blank lines and any spacing of spaces and tabs', () => {
    expect(parsePolicy(`# a comment\n\n \t${GOOD.replaceAll(' ', ' \t ')}\t# another\n`)).toEqual(parsePolicy(GOOD));
  });

  it('takes every further line', () => {
    const policy = parsePolicy(
      add('answers 2', 'dissent 1', 'distinct operator 2', 'distinct arch 2', 'distinct cloud 2', 'max-age 90s', 'bundle-max-age 10m'),
    );
    expect(policy).toMatchObject({ answers: 2, dissent: 1, maxAge: 90, bundleMaxAge: 600 });
    expect(policy.distinct.map(({ property }) => property)).toEqual(['operator', 'arch', 'cloud']);
  });

  it('prints its C2SP part, which any reader of tlog-policy takes', () => {
    const policy = parsePolicy(GOOD);
    expect(parseTlogPolicy(tlogPart(policy))).toEqual(policy.tlog);
    expect(tlogPart(policy)).not.toContain('rebuilder');
  });

  it('says in words who is trusted with what', () => {
    const words = describePolicy(parsePolicy(add('distinct arch 2'))).join('\n');
    for (const part of [
      'log.test',
      'root.test',
      'ws',
      'at least 2 operators',
      'nobody got other bytes',
      'acme-1 on linux/amd64',
      'registrar watch',
      '24h',
      '30d',
      'arch',
      '2027-11-01',
    ]) {
      expect(words).toContain(part.replace('24h', '1d'));
    }
  });
});

describe('a policy is refused', () => {
  const cases: [why: string, policy: string, code: string, line?: number | null][] = [
    ['when it is empty', '', 'empty'],
    ['when it holds comments only', '# nothing\n\n', 'empty'],
    ['when its last line is cut short', GOOD.slice(0, -1), 'syntax'],
    ['when it has carriage returns', GOOD.replaceAll('\n', '\r\n'), 'syntax', 1],
    ['when it is too large', GOOD + `# ${'x'.repeat(300_000)}\n`, 'syntax'],
    ['for a keyword that nobody knows', add('trust everybody'), 'syntax', 15],
    ['for a keyword of JavaScript objects', add('constructor 1'), 'syntax', 15],
    ['for a keyword in capitals', change('require', 'Require 2'), 'syntax', 14],
    ['for a comment behind a line', change('require', 'require 2 # two'), 'syntax', 14],
    ['without version', change('version'), 'missing-line', null],
    ['for another version', change('version', 'version 2'), 'out-of-range', 1],
    ['without expiry', change('expires'), 'missing-line', null],
    ['for an expiry that is no time', change('expires', 'expires 2027-02-31T00:00:00Z'), 'syntax', 2],
    ['for an expiry in another spelling', change('expires', 'expires 2027-11-01'), 'syntax', 2],
    ['without log', change('log'), 'missing-line', null],
    ['for two logs', add(`log ${vkey('other.test', 30)}`), 'out-of-range', null],
    ['without root', change('root'), 'missing-line', null],
    ['for a witness key as root', change('root', `root ${vkey('root.test', 2, 0x04)}`), 'syntax', 4],
    ['without quorum', change('quorum'), 'syntax', null],
    ['for a second quorum', add('quorum w1'), 'syntax', 15],
    ['without require', change('require'), 'missing-line', null],
    ['for require 0', change('require', 'require 0'), 'out-of-range', 14],
    ['for require 02', change('require', 'require 02'), 'syntax', 14],
    ['for require -1', change('require', 'require -1'), 'syntax', 14],
    ['for require 1e1', change('require', 'require 1e1'), 'syntax', 14],
    ['for require without a number', change('require', 'require'), 'syntax', 14],
    ['for require with two numbers', change('require', 'require 1 2'), 'syntax', 14],
    ['for more required operators than have keys', change('require', 'require 3'), 'unsatisfiable', 14],
    ['for a second require', add('require 1'), 'duplicate-line', 15],
    ['for fewer answers than matches', add('answers 1'), 'unsatisfiable', 15],
    ['for more answers than operators', add('answers 3'), 'unsatisfiable', 15],
    ['for answers 0', add('answers 0'), 'out-of-range', 15],
    ['for two dissent lines', add('dissent 0', 'dissent 1'), 'duplicate-line', 16],
    ['for an unknown distinct property', add('distinct vendor 2'), 'syntax', 15],
    ['for a distinct rule said twice', add('distinct arch 2', 'distinct arch 1'), 'duplicate-line', 16],
    ['for distinct 0', add('distinct arch 0'), 'out-of-range', 15],
    ['for a distinct rule that can never hold', add('distinct toolchain 2'), 'unsatisfiable', 15],
    ['for a duration without unit', add('max-age 24'), 'syntax', 15],
    ['for a duration of nothing', add('max-age 0h'), 'syntax', 15],
    ['for a duration beyond a year', add('max-age 367d'), 'out-of-range', 15],
    ['for max-age with quorum none', change('quorum', 'quorum none') + 'max-age 24h\n', 'unsatisfiable', 15],
    ['for bundle-max-age with quorum none', change('quorum', 'quorum none') + 'bundle-max-age 24h\n', 'unsatisfiable', 15],
    ['for an operator twice', add('operator acme'), 'duplicate-name', 15],
    ['for an unknown attribute', add('operator third city=bern'), 'syntax', 15],
    ['for an attribute twice', add('operator third cloud=a cloud=b'), 'duplicate-line', 15],
    ['for a name with an escape character in it', add('operator th\u202eird'), 'syntax', 15],
    ['for a rebuilder name twice', add(`rebuilder acme-1 acme linux/amd64 ${vkey('x.test', 20)}`), 'duplicate-name', 15],
    ['for a rebuilder of nobody', add(`rebuilder x-1 nobody linux/amd64 ${vkey('x.test', 20)}`), 'undefined-name', 15],
    ['for a host platform in another spelling', add(`rebuilder x-1 acme amd64 ${vkey('x.test', 20)}`), 'syntax', 15],
    ['for a rebuilder key of a witness', add(`rebuilder x-1 acme linux/amd64 ${vkey('x.test', 20, 0x04)}`), 'syntax', 15],
    [
      'for a key ID that does not fit',
      add(`rebuilder x-1 acme linux/amd64 ${vkey('x.test', 20).replace('x.test', 'y.test')}`),
      'syntax',
      15,
    ],
    ['for a rebuilder key twice under another name', add(`rebuilder x-1 umbra linux/amd64 ${vkey('x.test', 5)}`), 'duplicate-key', null],
    ['for a rebuilder with the key of the log', add(`rebuilder x-1 acme linux/amd64 ${vkey('x.test', 1)}`), 'duplicate-key', null],
    ['for a claimant with the key of a rebuilder', add(`claimant c2 registrar pkg:npm/ ${vkey('x.test', 5)}`), 'duplicate-key', null],
    ['for a claimant with the key of a witness', add(`claimant c2 registrar pkg:npm/ ${vkey('x.test', 3)}`), 'duplicate-key', null],
    ['for a root with the key of the log', change('root', `root ${vkey('root.test', 1)}`), 'duplicate-key', null],
    ['for two witnesses with one key', add(`witness w3 ${vkey('w3.test', 3, 0x04)}`), 'syntax', 15],
    ['for an unknown completeness', add('completeness full'), 'syntax', 15],
    ['for completeness without a word', add('completeness'), 'syntax', 15],
    ['for completeness twice', add('completeness root', 'completeness advisory'), 'duplicate-line', 16],
    ['for an index-witness without a key', add('index-witness i1'), 'syntax', 15],
    ['for an index-witness with a key that cosigns nothing', add(`index-witness i1 ${vkey('i1.test', 8)}`), 'syntax', 15],
    ['for an index-witness twice', add(...INDEX, INDEX[0]!), 'duplicate-name', 17],
    ['for an index-witness with the key of a witness', add(`index-witness i1 ${vkey('i1.test', 3, 0x04)}`), 'duplicate-key', null],
    ['for an index-witness with the key of a rebuilder', add(`index-witness i1 ${vkey('i1.test', 5, 0x04)}`), 'duplicate-key', null],
    ['for an index-witness with the name of a witness', add(`index-witness w1 ${vkey('i1.test', 8, 0x04)}`), 'duplicate-name', null],
    [
      'for an index-witness whose key is named like a witness\u2019s',
      add(`index-witness i1 ${vkey('w1.test', 8, 0x04)}`),
      'duplicate-name',
      null,
    ],
    ['for more audits than index-witnesses', add(...INDEX, 'index-quorum 3'), 'unsatisfiable', 17],
    ['for an index-quorum of nobody', add('index-quorum 1'), 'unsatisfiable', 15],
    ['for index-quorum 0', add(...INDEX, 'index-quorum 0'), 'out-of-range', 17],
    ['without claimant', change('claimant'), 'missing-line', null],
    ['for a claimant of another kind', add(`claimant c2 friend pkg:npm/ ${vkey('x.test', 20)}`), 'syntax', 15],
    ['for a registrar of one package', add(`claimant c2 registrar pkg:npm/esbuild ${vkey('x.test', 20)}`), 'syntax', 15],
    ['for a publisher of a whole ecosystem', add(`claimant c2 publisher pkg:npm/ ${vkey('x.test', 20)}`), 'syntax', 15],
    ['without rebuilders', text(LINES.filter((line) => !line.startsWith('rebuilder'))), 'missing-line', null],
  ];
  it.each(cases)('%s', (_why, policy, code, line) => {
    const found = refusal(policy);
    expect(found.code).toBe(code);
    if (line !== undefined) expect(found.line).toBe(line);
  });

  it('with messages that no terminal obeys', () => {
    expect(refusal(add('operator \u001b[31m')).message).not.toContain('\u001b');
  });

  it('at every limit on the number of lines', () => {
    const operators = Array.from({ length: 257 }, (_, i) => `operator op${i}`);
    expect(refusal(add(...operators))).toMatchObject({ code: 'too-large', line: 14 + 255 });
    const witnesses = Array.from({ length: 65 }, (_, i) => `index-witness i${i} ${vkey(`i${i}.test`, 100 + i, 0x04)}`);
    expect(refusal(add(...witnesses))).toMatchObject({ code: 'too-large', line: 14 + 65 });
  });

  it('or read, whatever the text, and never anything else', () => {
    const words = fc.constantFrom(...GOOD.split(/[ \n]/), '0', '-1', 'none', '#', '\t', '__proto__', 'é');
    fc.assert(
      fc.property(fc.array(fc.array(words, { maxLength: 6 }), { maxLength: 20 }), (lines) => {
        try {
          parsePolicy(text(lines.map((line) => line.join(' '))));
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
