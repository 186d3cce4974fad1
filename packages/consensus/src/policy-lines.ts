/** The lines that a Verbatim policy has beyond C2SP tlog-policy, one reader each. References only reach back, as in tlog-policy. */
import { isPublisherScope, isRegistrarScope, keyidOfVkey } from '@verbatim/statements';
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ED25519, KEY_TYPE_ML_DSA, parseVkey, type PolicyLine, type VerifierKey } from '@verbatim/tlog';
import { PolicyError } from './errors.ts';
import { COMPLETENESS_DEMANDS, DISTINCT_PROPERTIES, POLICY_LIMITS } from './policy-types.ts';
import type { Claimant, CompletenessDemand, DistinctProperty, DistinctRule, IndexWitness, Operator, Rebuilder } from './policy-types.ts';
import { isName, isPlatform, isWebAddress, parseCount, parseDuration, parseTime } from './values.ts';

/** What the lines said so far. */
export interface Draft {
  version?: 1;
  expires?: number;
  root?: VerifierKey;
  require?: number;
  answers?: number;
  dissent?: number;
  maxAge?: number;
  bundleMaxAge?: number;
  completeness?: CompletenessDemand;
  indexQuorum?: number;
  readonly indexWitnesses: IndexWitness[];
  readonly operators: Operator[];
  readonly rebuilders: Rebuilder[];
  readonly claimants: Claimant[];
  readonly distinct: DistinctRule[];
  /** Where each single line and each key stands, for messages. */
  readonly lineOf: Map<string, number>;
}

export type LineReader = (line: PolicyLine, draft: Draft) => void;

/** Keyword to reader. `log`, `witness`, `group` and `quorum` are tlog-policy's and not here. */
export const LINE_READERS: Readonly<Record<string, LineReader>> = {
  version: single(readVersion),
  expires: single((line, draft) => void (draft.expires = time(line, one(line, 'a time')))),
  root: single((line, draft) => void (draft.root = vkey(line, one(line, 'a vkey')))),
  require: single((line, draft) => void (draft.require = count(line, one(line, 'a number of operators'), 1))),
  answers: single((line, draft) => void (draft.answers = count(line, one(line, 'a number of operators'), 1))),
  dissent: single((line, draft) => void (draft.dissent = count(line, one(line, 'a number of operators'), 0))),
  'max-age': single((line, draft) => void (draft.maxAge = duration(line, one(line, 'a duration')))),
  'bundle-max-age': single((line, draft) => void (draft.bundleMaxAge = duration(line, one(line, 'a duration')))),
  completeness: single(readCompleteness),
  'index-witness': readIndexWitness,
  'index-quorum': single((line, draft) => void (draft.indexQuorum = count(line, one(line, 'a number of index-witnesses'), 1))),
  operator: readOperator,
  rebuilder: readRebuilder,
  claimant: readClaimant,
  distinct: readDistinct,
};

/** `version 1`: the grammar's version. A later one may mean something else by the same words. */
function readVersion(line: PolicyLine, draft: Draft): void {
  const text = one(line, 'the version 1');
  if (text !== '1') throw new PolicyError('out-of-range', line.number, `expected version 1, found ${show(text)}`);
  draft.version = 1;
}

/** `completeness advisory|root|audited` */
function readCompleteness(line: PolicyLine, draft: Draft): void {
  const demand = one(line, 'advisory, root or audited');
  if (!COMPLETENESS_DEMANDS.includes(demand as CompletenessDemand)) throw syntax(line, 'advisory, root or audited', demand);
  draft.completeness = demand as CompletenessDemand;
}

/** `index-witness <name> <vkey>` */
function readIndexWitness(line: PolicyLine, draft: Draft): void {
  const [name, text] = exactly(line, 2, 'index-witness NAME VKEY');
  checkNew(line, draft.indexWitnesses, name, POLICY_LIMITS.indexWitnesses);
  draft.indexWitnesses.push({ name: name!, key: vkey(line, text!, [KEY_TYPE_COSIGNATURE, KEY_TYPE_ML_DSA]) });
}

/** `operator <name> [cloud=<name>] [toolchain=<name>]` */
function readOperator(line: PolicyLine, draft: Draft): void {
  const [name, ...rest] = line.fields;
  checkNew(line, draft.operators, name, POLICY_LIMITS.operators);
  const attributes: { cloud: string | null; toolchain: string | null } = { cloud: null, toolchain: null };
  for (const item of rest) {
    const [, attribute, value] = /^(cloud|toolchain)=(.+)$/.exec(item) ?? [];
    if (value === undefined || !isName(value)) throw syntax(line, 'cloud=NAME or toolchain=NAME', item);
    if (attributes[attribute as 'cloud'] !== null) throw new PolicyError('duplicate-line', line.number, `${attribute} is given twice`);
    attributes[attribute as 'cloud'] = value;
  }
  draft.operators.push({ name: name!, ...attributes });
}

/** `rebuilder <name> <operator> <os/arch of the host> <vkey> [<url>]` */
function readRebuilder(line: PolicyLine, draft: Draft): void {
  const form = 'rebuilder NAME OPERATOR OS/ARCH VKEY [URL]';
  const [name, operator, arch, text, url] = exactly(line, line.fields.length === 5 ? 5 : 4, form);
  checkNew(line, draft.rebuilders, name, POLICY_LIMITS.rebuilders);
  if (!draft.operators.some((known) => known.name === operator)) {
    throw new PolicyError('undefined-name', line.number, `expected an operator defined on a line above, found ${show(operator)}`);
  }
  if (!isPlatform(arch!)) throw syntax(line, 'a host platform such as linux/amd64', arch);
  const key = vkey(line, text!);
  if (url !== undefined && !isWebAddress(url)) throw syntax(line, 'an address, http(s)://…', url);
  draft.rebuilders.push({ name: name!, operator: operator!, arch: arch!, key, keyid: keyidOfVkey(key), url: url ?? null });
}

/** `claimant <name> registrar|publisher <purl prefix> <vkey>` */
function readClaimant(line: PolicyLine, draft: Draft): void {
  const [name, kind, prefix, text] = exactly(line, 4, 'claimant NAME registrar|publisher PURL-PREFIX VKEY');
  checkNew(line, draft.claimants, name, POLICY_LIMITS.claimants);
  if (kind !== 'registrar' && kind !== 'publisher') throw syntax(line, 'registrar or publisher', kind);
  // A registrar answers for an ecosystem, a publisher for packages of one (DESIGN §3.2).
  if (kind === 'registrar' && !isRegistrarScope(prefix!)) throw syntax(line, 'a purl type such as pkg:npm/', prefix);
  if (kind === 'publisher' && !isPublisherScope(prefix!)) throw syntax(line, 'a purl prefix such as pkg:npm/esbuild', prefix);
  const key = vkey(line, text!);
  draft.claimants.push({ name: name!, kind, prefix: prefix!, key, keyid: keyidOfVkey(key) });
}

/** `distinct <property> <number>` */
function readDistinct(line: PolicyLine, draft: Draft): void {
  const [property, number] = exactly(line, 2, 'distinct operator|arch|cloud|toolchain NUMBER');
  if (!DISTINCT_PROPERTIES.includes(property as DistinctProperty)) throw syntax(line, 'operator, arch, cloud or toolchain', property);
  remember(line, draft, `distinct ${property}`);
  draft.distinct.push({ property: property as DistinctProperty, atLeast: count(line, number!, 1) });
}

/** A line that may stand once only: a second one would quietly replace what the reader of the file saw first. */
function single(reader: LineReader): LineReader {
  return function readSingle(line, draft) {
    remember(line, draft, line.keyword);
    reader(line, draft);
  };
}

function remember(line: PolicyLine, draft: Draft, name: string): void {
  const before = draft.lineOf.get(name);
  if (before !== undefined) {
    throw new PolicyError('duplicate-line', line.number, `expected one ${show(name)} line, found another on line ${before}`);
  }
  draft.lineOf.set(name, line.number);
}

function checkNew(line: PolicyLine, known: readonly { readonly name: string }[], name: string | undefined, limit: number): void {
  if (name === undefined || !isName(name)) throw syntax(line, 'a name of letters, digits and ._-/:@ (at most 128)', name);
  if (known.some((other) => other.name === name)) {
    throw new PolicyError('duplicate-name', line.number, `expected a new ${line.keyword} name, found ${show(name)} again`);
  }
  if (known.length >= limit) throw new PolicyError('too-large', line.number, `expected at most ${limit} ${line.keyword} lines`);
}

function exactly(line: PolicyLine, length: number, form: string): readonly string[] {
  if (line.fields.length !== length) throw syntax(line, `"${form}"`, [line.keyword, ...line.fields].join(' '));
  return line.fields;
}

function one(line: PolicyLine, what: string): string {
  return exactly(line, 1, `${line.keyword} with ${what}`)[0]!;
}

function count(line: PolicyLine, text: string, least: number): number {
  const value = parseCount(text);
  if (value === null) throw syntax(line, 'a decimal number', text);
  if (value < least) throw new PolicyError('out-of-range', line.number, `expected ${line.keyword} of ${least} or more, found ${value}`);
  return value;
}

function duration(line: PolicyLine, text: string): number {
  const value = parseDuration(text);
  if (value === null) throw syntax(line, 'a duration such as 90s, 10m, 24h or 30d', text);
  if (value > POLICY_LIMITS.age) throw new PolicyError('out-of-range', line.number, `expected at most 366d, found ${text}`);
  return value;
}

function time(line: PolicyLine, text: string): number {
  const value = parseTime(text);
  if (value === null) throw syntax(line, 'a time such as 2027-11-01T00:00:00Z', text);
  return value;
}

function vkey(line: PolicyLine, text: string, types: readonly number[] = [KEY_TYPE_ED25519]): VerifierKey {
  let key: VerifierKey;
  try {
    key = parseVkey(text);
  } catch (cause) {
    throw new PolicyError('syntax', line.number, cause instanceof Error ? cause.message : 'bad vkey', { cause });
  }
  if (!types.includes(key.type)) throw syntax(line, `a vkey of type ${types.join(' or ')}`, `type ${key.type}`);
  return key;
}

function syntax(line: PolicyLine, expected: string, found: string | undefined): PolicyError {
  return new PolicyError('syntax', line.number, `expected ${expected}, found ${found === undefined ? 'nothing' : show(found)}`);
}

/** Untrusted text in a message: cut, controls escaped. */
function show(text: string | undefined): string {
  const whole = text ?? '';
  return JSON.stringify(whole.length > 64 ? `${whole.slice(0, 64)}…` : whole);
}
