import { type ControlAction, type ControlPredicate, keyidOfVkey, MAX_ATTEMPT } from '@verbatim/statements';
import { parseVkey, toHex, type VerifierKey } from '@verbatim/tlog';

/** A key in one of the log's own offices, from the entry after `since` on. */
export interface Term {
  readonly key: VerifierKey;
  readonly keyid: string;
  /** The entry that put it there; null for the key that the log began with. */
  readonly since: bigint | null;
}

/** What is admitted. */
export interface AdmissionPolicy extends Pick<ControlAction<'admission'>, 'claims' | 'attempts' | 'approvals'> {
  /** The entry that says so; null while none does. */
  readonly index: bigint | null;
}

type Office = ControlAction<'rotate'>['key'];

/** What the control entries of a log come to (DESIGN §3.2, §3.4): a fold over them in their order, so that a restart and every reader get the same. */
export interface ControlState {
  /** Never empty, oldest first: the last one is current. */
  readonly terms: Readonly<Record<Office, readonly Term[]>>;
  /** The entry after which only rotation and successor are admitted. */
  readonly frozen: bigint | null;
  /** The entry that names the log that goes on. */
  readonly successor: bigint | null;
  readonly admission: AdmissionPolicy;
}

/** Vkeys that a log begins with. */
export type FirstKeys = Readonly<Record<Office, string>>;

export function firstState(keys: FirstKeys): ControlState {
  const first = (vkey: string): readonly Term[] => [term(vkey, null)];
  return {
    terms: { log: first(keys.log), root: first(keys.root), admin: first(keys.admin) },
    frozen: null,
    successor: null,
    admission: { claims: ['publisher', 'registrar'], attempts: MAX_ATTEMPT, approvals: 1, index: null },
  };
}

/** The state after an admitted entry. */
export function afterControl(state: ControlState, index: bigint, predicate: ControlPredicate): ControlState {
  switch (predicate.action) {
    case 'freeze':
      return { ...state, frozen: index };
    case 'successor':
      return { ...state, frozen: state.frozen ?? index, successor: index };
    case 'admission': {
      const { claims, attempts, approvals } = predicate;
      return { ...state, admission: { claims, attempts, approvals, index } };
    }
    case 'rotate':
      return { ...state, terms: { ...state.terms, [predicate.key]: [...state.terms[predicate.key], term(predicate.vkey, index)] } };
    case 'genesis':
    case 'index-root':
      return state;
  }
}

/** Who holds the office now. */
export function current({ terms }: ControlState, office: Office): Term {
  return terms[office].at(-1)!;
}

/** The key whose signature a checkpoint of this size must carry: a rotation holds for the checkpoints that cover it. */
export function logKeyAt({ terms }: ControlState, size: bigint): VerifierKey {
  return terms.log.findLast(({ since }) => since === null || since < size)!.key;
}

/** The office that a keyid holds or held, in words; null for others. */
export function officeOf(state: ControlState, keyid: string): string | null {
  const term = Object.values(state.terms)
    .flat()
    .find((held) => held.keyid === keyid);
  return term === undefined ? null : officeKeys(state).get(toHex(term.key.publicKey))!;
}

/** Every key that ever held an office, by hex of the public key: none of them may do anything else, now or later. */
export function officeKeys({ terms }: ControlState): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [office, held] of Object.entries(terms)) {
    held.forEach(({ key }, i) => keys.set(toHex(key.publicKey), `${i === held.length - 1 ? '' : 'retired '}${office} key`));
  }
  return keys;
}

function term(vkey: string, since: bigint | null): Term {
  const key = parseVkey(vkey);
  return { key, keyid: keyidOfVkey(key), since };
}
