/** From control entries to the history that they tell. Pure, and before any checkpoint is verified: it says which key must have signed one. */
import {
  authorityOf,
  type ControlAction,
  type ControlStatement,
  type Envelope,
  keyidOfVkey,
  statementKey,
  verifySignatures,
} from '@verbatim/statements';
import { type Ed25519Verify, toHex } from '@verbatim/tlog';
import type { AdmissionTerm, ControlHistory, Era, NamedSuccessor, Office, PriorRoot, Term } from './control-history.ts';
import type { Finding } from './findings.ts';
import type { Policy } from './policy-types.ts';

/** A control entry, decoded, and not an index root. */
export interface ControlEntry {
  readonly index: bigint;
  readonly statement: ControlStatement;
  readonly envelope: Envelope;
}

/** What a policy pins of the log. */
export type Anchor = Pick<Policy, 'root'> & { readonly log: Pick<Policy['log'], 'key'> };

interface DraftEra extends Omit<Era, 'url' | 'frozen' | 'terms' | 'admission'> {
  url: Era['url'];
  readonly terms: Record<Office, Term[]>;
  readonly admission: AdmissionTerm[];
  frozen: Era['frozen'];
}

/**
 * @param entries all that were shown, ascending by index. What is missing cannot be followed, and what builds on it is a finding: leaving
 * something out makes nothing better.
 */
export function readControl(entries: readonly ControlEntry[], anchor: Anchor, verify: Ed25519Verify): ControlHistory {
  const reader = new ControlReader(anchor, verify);
  for (const entry of entries) {
    const fault = reader.read(entry);
    if (fault !== null) {
      reader.fault(entry, fault);
      // What follows a broken link hangs in the air.
      break;
    }
  }
  return reader.finish(entries);
}

class ControlReader {
  readonly #anchor: Anchor;
  readonly #verify: Ed25519Verify;
  readonly #eras: DraftEra[] = [];
  readonly #priorRoots: PriorRoot[] = [];
  readonly #findings: Finding[] = [];
  /** Hex public keys that hold or held an office. */
  readonly #used = new Set<string>();
  #successor: NamedSuccessor | null = null;
  /** A genesis that names a predecessor, until that one's root key confirms it. */
  #unconfirmed: { readonly index: bigint; readonly said: ControlAction<'genesis'> } | null = null;

  constructor(anchor: Anchor, verify: Ed25519Verify) {
    this.#anchor = anchor;
    this.#verify = verify;
  }

  /** What is wrong with an entry, or null: then the history has grown by it. */
  read(entry: ControlEntry): string | null {
    const { index, statement } = entry;
    const said = statement.predicate;
    if (said.action === 'genesis') return index === 0n ? this.#begin(entry, said) : this.#goOn(entry, said);
    if (this.#unconfirmed !== null) {
      if (said.action !== 'successor') return 'expected the predecessor’s successor statement after a genesis that names one';
      return this.#confirm(entry, said);
    }
    const era = this.#eras.at(-1) ?? this.#unknownBeginning();
    if (said.origin !== era.origin) return `expected a control statement for ${era.origin}, found one for ${said.origin}`;
    const unsigned = this.#unsigned(entry, era, said.action === 'rotate' ? term(said.vkey, index) : null);
    if (unsigned !== null) return unsigned;
    if (this.#successor !== null && said.action !== 'rotate') return 'expected nothing but rotations after the log named its successor';
    if (era.frozen !== null && said.action !== 'rotate' && said.action !== 'successor')
      return `expected nothing but rotation and successor after entry ${era.frozen.index} froze the log`;
    switch (said.action) {
      case 'freeze':
        era.frozen = { index, reason: said.reason };
        return null;
      case 'admission': {
        const { claims, attempts, approvals } = said;
        era.admission.push({ claims, attempts, approvals, since: index });
        return null;
      }
      case 'successor': {
        if (BigInt(said.size) !== index) return `expected a successor that goes on from this entry, found one from ${said.size}`;
        const { vkey, rootVkey, url } = said;
        this.#priorRoots.push({ index, root: said.root });
        this.#successor = { index, vkey, rootVkey, url };
        era.frozen ??= { index, reason: null };
        return null;
      }
      case 'rotate':
        return this.#rotate(era, said, index);
      case 'index-root':
        return null;
    }
  }

  fault({ index }: ControlEntry, message: string): void {
    this.#findings.push({ code: index === 0n ? 'genesis-mismatch' : 'control-invalid', index, message: `entry ${index}: ${message}` });
  }

  finish(entries: readonly ControlEntry[]): ControlHistory {
    if (this.#eras.length === 0) this.#unknownBeginning();
    const { log } = this.#anchor;
    const own = this.#eras.find(({ origin }) => origin === log.key.name);
    // Entry 0 does not name the log's own key; the policy does.
    if (own?.terms.log.length === 0) own.terms.log.push(term(log.key.text, null));
    if (this.#findings.length === 0) {
      const loose = this.#unanchored();
      if (loose !== null) this.fault(entries.find(({ statement }) => statement.predicate.action === 'genesis') ?? entries[0]!, loose);
    }
    // An era that its predecessor did not confirm is nobody's, unless the policy pins its keys itself.
    const unconfirmed = this.#eras.find(({ from }) => from === this.#unconfirmed?.index);
    const eras = unconfirmed === own ? this.#eras : this.#eras.filter((era) => era !== unconfirmed);
    return { eras, successor: this.#successor, priorRoots: this.#priorRoots, findings: this.#findings };
  }

  /** The policy's keys must be this log's, now or before: then every link leads from them, or was signed by them. */
  #unanchored(): string | null {
    const { root, log } = this.#anchor;
    const own = this.#eras.find(({ origin }) => origin === log.key.name);
    if (own === undefined) return `expected origin ${log.key.name}, found ${this.#eras.map(({ origin }) => origin).join(', ')}`;
    if (!own.terms.root.some(({ key }) => key.text === root.text))
      return `expected the policy’s root key ${root.text}, found ${own.terms.root.map(({ key }) => key.text).join(', ')}`;
    if (!own.terms.log.some(({ key }) => key.text === log.key.text))
      return `expected the policy’s log key ${log.key.text}, found ${own.terms.log.map(({ key }) => key.text).join(', ')}`;
    return null;
  }

  #begin(entry: ControlEntry, said: ControlAction<'genesis'>): string | null {
    if (said.predecessor !== null) return 'expected no predecessor at entry 0';
    return this.#open(entry, said, null);
  }

  #goOn(entry: ControlEntry, said: ControlAction<'genesis'>): string | null {
    const { index } = entry;
    const before = this.#eras.at(-1) ?? this.#unknownBeginning();
    if (said.predecessor === null) return 'expected genesis at entry 0 only, or the predecessor that it goes on from';
    const { origin, size, root } = said.predecessor;
    if (BigInt(size) !== index || origin !== before.origin)
      return `expected to go on from ${before.origin} at ${index}, found ${origin} at ${size}`;
    this.#priorRoots.push({ index, root });
    this.#unconfirmed = { index, said };
    return this.#open(entry, said, before.terms.root.at(-1)!);
  }

  /** The old root key hands over to the new genesis; the statement is the one that ended the old log. */
  #confirm(entry: ControlEntry, said: ControlAction<'successor'>): string | null {
    const { index, said: genesis } = this.#unconfirmed!;
    const [before, era] = this.#eras.slice(-2) as [DraftEra, DraftEra];
    const { origin, size, root } = genesis.predecessor!;
    if (said.origin !== origin || BigInt(said.size) !== index || said.size !== size || said.root !== root || said.rootVkey !== genesis.root)
      return `expected the statement by which ${origin} hands over to this genesis, found another`;
    const key = term(said.vkey, null);
    if (key.key.name !== era.origin) return `expected ${origin} to hand over to ${era.origin}, found ${key.key.name}`;
    const unsigned = this.#unsigned(entry, before, null);
    if (unsigned !== null) return unsigned;
    this.#unconfirmed = null;
    era.url = said.url;
    return this.#appoint(era, 'log', key);
  }

  #rotate(era: DraftEra, { key: office, old, vkey }: ControlAction<'rotate'>, index: bigint): string | null {
    const terms = era.terms[office];
    // The first log key is in no entry but the rotation that replaces it; without genesis the first admin key is not known either.
    if (terms.length === 0 && (office === 'log' || era.from === 0n)) this.#appoint(era, office, term(old, null));
    const held = terms.at(-1);
    if (held?.key.text !== old) return `expected the ${office} key ${held?.key.text ?? 'of genesis'} to be replaced, found ${old}`;
    return this.#appoint(era, office, term(vkey, index));
  }

  /** @param kept the root key of the log before: a successor may have the same */
  #open({ index, envelope }: ControlEntry, { origin, root, admin }: ControlAction<'genesis'>, kept: Term | null): string | null {
    const first = term(root, null);
    const wrong = this.#wrongSignature(envelope, [first]);
    if (wrong !== null) return wrong;
    const era = emptyEra(origin, index);
    this.#eras.push(era);
    if (kept?.key.text === root) era.terms.root.push(first);
    else if (this.#appoint(era, 'root', first) !== null) return `expected a root key that held no office before, found ${root}`;
    return this.#appoint(era, 'admin', term(admin, null));
  }

  /** Without genesis: the policy's own keys are all that is known. */
  #unknownBeginning(): DraftEra {
    const { root, log } = this.#anchor;
    const era = emptyEra(log.key.name, 0n);
    this.#eras.push(era);
    this.#appoint(era, 'root', term(root.text, null));
    return era;
  }

  #appoint(era: DraftEra, office: Office, added: Term): string | null {
    const hex = toHex(added.key.publicKey);
    if (this.#used.has(hex)) return `expected a key that held no office before, found ${added.key.text} for ${office}`;
    this.#used.add(hex);
    era.terms[office].push(added);
    return null;
  }

  /** What is wrong with the signatures of a statement that the era's root key must have made, with the added key if there is one. */
  #unsigned({ statement, envelope }: ControlEntry, era: DraftEra, added: Term | null): string | null {
    const root = era.terms.root.at(-1)!;
    const authority = authorityOf(statement, envelope);
    if (authority !== root.keyid) return `expected a signature by the root key ${root.keyid} (${root.key.name}), found ${authority}`;
    return this.#wrongSignature(envelope, added === null ? [root] : [root, added]);
  }

  #wrongSignature(envelope: Envelope, signers: readonly Term[]): string | null {
    const keys = signers.map(({ keyid, key }) => ({ keyid, publicKey: key.publicKey }));
    try {
      const verified = verifySignatures(envelope, keys, this.#verify);
      const missing = keys.find(({ keyid }) => !verified.includes(keyid));
      return missing === undefined ? null : `expected a signature by ${missing.keyid}, found none`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

function emptyEra(origin: string, from: bigint): DraftEra {
  return { origin, from, url: null, terms: { root: [], admin: [], log: [] }, admission: [], frozen: null };
}

function term(vkey: string, since: bigint | null): Term {
  const key = statementKey(vkey);
  return { key, keyid: keyidOfVkey(key), since };
}
