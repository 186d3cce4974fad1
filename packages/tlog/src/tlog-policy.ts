/** Which logs and witnesses to trust: C2SP tlog-policy, read strictly. */
import { toHex } from './bytes.ts';
import { TlogError, quote } from './errors.ts';
import { PolicyLineError, expectFields, tokenizePolicy, type PolicyLine } from './policy-lines.ts';
import { KEY_TYPE_COSIGNATURE, KEY_TYPE_ED25519, KEY_TYPE_ML_DSA, parseVkey, type VerifierKey } from './vkey.ts';

export interface PolicyLog {
  /** Type 0x01; its name is the log's origin. */
  key: VerifierKey;
  url?: string;
}

export interface PolicyWitness {
  /** Means something within the policy only; not the key's name. */
  name: string;
  /** Type 0x04 or 0x06. */
  key: VerifierKey;
  url?: string;
}

export interface PolicyGroup {
  name: string;
  /** 1…members.length */
  threshold: number;
  /** Witnesses and earlier groups; every name is a member of one group at most. */
  members: string[];
}

export interface TlogPolicy {
  logs: PolicyLog[];
  witnesses: PolicyWitness[];
  /** In the order of definition: a group comes after its members. */
  groups: PolicyGroup[];
  /** A witness or group; null for `quorum none`. */
  quorum: string | null;
}

/** Handles one line of a keyword. May throw PolicyLineError. */
export type PolicyKeywordHandler = (line: PolicyLine) => void;

/** A C2SP policy. Throws PolicyLineError (code `malformed-policy`) with the number of the line. */
export function parseTlogPolicy(text: string): TlogPolicy {
  return parsePolicyLines(text, {});
}

/**
 * The C2SP part of an extended policy. Lines whose keyword is in `extra` go to its handler, in their
 * order among all lines; a keyword that neither knows is refused. Handlers may not take over C2SP's.
 *
 * @example
 * let expires: string | undefined;
 * const policy = parsePolicyLines(text, {
 *   expires: (line) => {
 *     expectFields(line, 1, 1, 'expires <time>');
 *     expires = line.fields[0];
 *   },
 * });
 */
export function parsePolicyLines(text: string, extra: Readonly<Record<string, PolicyKeywordHandler>>): TlogPolicy {
  const builder = new PolicyBuilder();
  for (const line of tokenizePolicy(text)) {
    const handler = builder.handler(line.keyword) ?? (Object.hasOwn(extra, line.keyword) ? extra[line.keyword] : undefined);
    if (handler === undefined) {
      const known = [...C2SP_KEYWORDS, ...Object.keys(extra)].join(', ');
      throw new PolicyLineError(line.number, `unknown keyword ${quote(line.keyword)}; expected one of ${known}`);
    }
    handler(line);
  }
  return builder.finish();
}

const C2SP_KEYWORDS = ['log', 'witness', 'group', 'quorum'];

class PolicyBuilder {
  readonly #policy: Omit<TlogPolicy, 'quorum'> = { logs: [], witnesses: [], groups: [] };
  #quorum: string | null | undefined = undefined;
  /** Witnesses and groups share one namespace. */
  readonly #names = new Set<string>();
  readonly #members = new Set<string>();
  readonly #logKeys = new Set<string>();
  readonly #witnessKeys = new Set<string>();

  handler(keyword: string): PolicyKeywordHandler | undefined {
    switch (keyword) {
      case 'log':
        return (line) => this.#log(line);
      case 'witness':
        return (line) => this.#witness(line);
      case 'group':
        return (line) => this.#group(line);
      case 'quorum':
        return (line) => this.#setQuorum(line);
      default:
        return undefined;
    }
  }

  finish(): TlogPolicy {
    if (this.#quorum === undefined)
      throw new PolicyLineError(0, 'expected exactly one quorum line, found none (write "quorum none" for no witnesses)');
    return { ...this.#policy, quorum: this.#quorum };
  }

  #log(line: PolicyLine): void {
    expectFields(line, 1, 2, 'log <vkey> [<url>]');
    const [vkey, url] = line.fields as [string, string?];
    const key = readKey(line, vkey, [KEY_TYPE_ED25519], this.#logKeys);
    this.#policy.logs.push(url === undefined ? { key } : { key, url });
  }

  #witness(line: PolicyLine): void {
    expectFields(line, 2, 3, 'witness <name> <vkey> [<url>]');
    const [name, vkey, url] = line.fields as [string, string, string?];
    const key = readKey(line, vkey, [KEY_TYPE_COSIGNATURE, KEY_TYPE_ML_DSA], this.#witnessKeys);
    this.#define(line, name);
    this.#policy.witnesses.push(url === undefined ? { name, key } : { name, key, url });
  }

  #group(line: PolicyLine): void {
    expectFields(line, 3, Infinity, 'group <name> <k|any|all> <member>…');
    const [name, threshold, ...members] = line.fields as [string, string, ...string[]];
    for (const member of members) {
      this.#expectDefined(line, member);
      if (this.#members.has(member)) throw new PolicyLineError(line.number, `${quote(member)} is a member of a group already`);
      this.#members.add(member);
    }
    // After its members: a group is no member of itself.
    this.#define(line, name);
    this.#policy.groups.push({ name, threshold: readThreshold(line, threshold, members.length), members });
  }

  #setQuorum(line: PolicyLine): void {
    expectFields(line, 1, 1, 'quorum <name|none>');
    if (this.#quorum !== undefined) throw new PolicyLineError(line.number, 'expected exactly one quorum line, found a second');
    const name = line.fields[0]!;
    if (name !== 'none') this.#expectDefined(line, name);
    this.#quorum = name === 'none' ? null : name;
  }

  #define(line: PolicyLine, name: string): void {
    if (name === 'none') throw new PolicyLineError(line.number, 'the name "none" is predefined');
    if (this.#names.has(name)) throw new PolicyLineError(line.number, `${quote(name)} is defined already`);
    this.#names.add(name);
  }

  #expectDefined(line: PolicyLine, name: string): void {
    if (!this.#names.has(name))
      throw new PolicyLineError(line.number, `${quote(name)} is not a witness or group defined on an earlier line`);
  }
}

/** A verifier key of one of the `types` that no earlier line in `seen` has, under whatever name. Throws PolicyLineError. */
function readKey(line: PolicyLine, vkey: string, types: readonly number[], seen: Set<string>): VerifierKey {
  let key: VerifierKey;
  try {
    key = parseVkey(vkey);
  } catch (cause) {
    throw new PolicyLineError(line.number, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (!types.includes(key.type)) {
    const expected = `a ${line.keyword} key of type ${types.join(' or ')}`;
    throw new PolicyLineError(line.number, `expected ${expected}, found type ${key.type} in ${quote(vkey)}`);
  }
  const label = toHex(key.publicKey);
  if (seen.has(label)) throw new PolicyLineError(line.number, `the public key of ${quote(vkey)} is on an earlier ${line.keyword} line`);
  seen.add(label);
  return key;
}

function readThreshold(line: PolicyLine, text: string, members: number): number {
  if (text === 'any') return 1;
  if (text === 'all') return members;
  const threshold = /^[1-9][0-9]{0,5}$/.test(text) ? parseInt(text, 10) : 0;
  if (threshold < 1 || threshold > members) {
    throw new PolicyLineError(line.number, `expected a threshold in 1…${members}, "any" or "all", found ${quote(text)}`);
  }
  return threshold;
}

/** Canonical text of the C2SP part; `parseTlogPolicy` reads it back. */
export function formatTlogPolicy(policy: TlogPolicy): string {
  const line = (...fields: (string | number | undefined)[]) => `${fields.filter((field) => field !== undefined).join(' ')}\n`;
  return [
    ...policy.logs.map(({ key, url }) => line('log', key.text, url)),
    ...policy.witnesses.map(({ name, key, url }) => line('witness', name, key.text, url)),
    ...policy.groups.map(({ name, threshold, members }) => line('group', name, threshold, ...members)),
    line('quorum', policy.quorum ?? 'none'),
  ].join('');
}

/**
 * Do these witnesses (names in the policy, whose cosignatures of one checkpoint verified) make up the
 * quorum? Throws `malformed-policy` for a name that is not a witness of the policy.
 */
export function quorumSatisfied(policy: TlogPolicy, verifiedWitnessNames: ReadonlySet<string>): boolean {
  const known = new Set(policy.witnesses.map(({ name }) => name));
  for (const name of verifiedWitnessNames) {
    if (!known.has(name)) throw new TlogError('malformed-policy', `${quote(name)} is not a witness of this policy`);
  }
  const satisfied = new Set(verifiedWitnessNames);
  // A group comes after its members, so one pass settles all.
  for (const { name, threshold, members } of policy.groups) {
    if (members.filter((member) => satisfied.has(member)).length >= threshold) satisfied.add(name);
  }
  return policy.quorum === null || satisfied.has(policy.quorum);
}
