import { authorityOf, type ControlAction, type ControlStatement, keyidOfVkey, ROLES } from '@verbatim/statements';
import { fromHex, bytesEqual, parseVkey } from '@verbatim/tlog';
import { type Candidate, keyidsOf } from './candidate.ts';
import { current } from './control-state.ts';
import type { Decision } from './plan.ts';
import { type Refusal, refuse, writtenByTheLog } from './refusal.ts';
import { publicKeyKey, submissionKey } from './uniqueness.ts';
import type { AdmissionView } from './view.ts';

/** Rules for a control statement (DESIGN §3.2): this log's, by the root key of this moment, and true of the log as it is. */
export function admitControl(candidate: Candidate, statement: ControlStatement, view: AdmissionView): Decision {
  const refusal = refusalOf(candidate, statement, view);
  if (refusal !== null) return { kind: 'refuse', refusal };
  const uniqueness = [submissionKey(candidate.payloadDigest, keyidsOf(candidate))];
  return { kind: 'admit', plan: { uniqueness, effect: { kind: 'control', predicate: statement.predicate } } };
}

function refusalOf({ envelope }: Candidate, statement: ControlStatement, view: AdmissionView): Refusal | null {
  const { predicate } = statement;
  if (predicate.action === 'genesis' || predicate.action === 'index-root') {
    return writtenByTheLog(predicate.action);
  }
  if (predicate.origin !== view.origin) {
    return refuse(
      'other-origin',
      `Expected a control statement for log ${view.origin}; this one was signed for ${predicate.origin}. Submit it there.`,
    );
  }
  const authority = authorityOf(statement, envelope);
  const root = current(view.control, 'root');
  if (authority !== root.keyid) return notTheRoot(authority, view);
  return isOver(predicate.action, view) ?? refusalOfAction(predicate, view);
}

/** What may still be said about a log that has ended: where it goes on, and by which keys the end is signed. */
function isOver(
  action: ControlAction<'freeze' | 'successor' | 'rotate' | 'admission'>['action'],
  { control }: AdmissionView,
): Refusal | null {
  if (control.frozen === null || action === 'rotate') return null;
  if (action === 'successor') {
    if (control.successor === null) return null;
    return refuse(
      'successor-named',
      `Expected a log without a successor; entry ${control.successor} names one. A log goes on in one place; end the wrong one instead.`,
      control.successor,
    );
  }
  return frozenRefusal(control.frozen);
}

/** The answer to everything that a frozen log no longer takes. */
export function frozenRefusal(frozen: bigint): Refusal {
  return refuse(
    'frozen',
    `Expected a log that takes entries; entry ${frozen} froze this one. Submit to its successor, if its control entries name one.`,
    frozen,
  );
}

function refusalOfAction(predicate: ControlAction<'freeze' | 'successor' | 'rotate' | 'admission'>, view: AdmissionView): Refusal | null {
  switch (predicate.action) {
    case 'rotate':
      return refusalOfRotation(predicate, view);
    case 'successor':
      return refusalOfSuccessor(predicate, view);
    case 'freeze':
    case 'admission':
      return null;
  }
}

function refusalOfRotation({ key: office, old, vkey }: ControlAction<'rotate'>, view: AdmissionView): Refusal | null {
  const held = current(view.control, office);
  if (held.key.text !== old) {
    return refuse(
      'key-not-current',
      `Expected to replace the ${office} key ${held.key.text}, which is current; found ${old}. Sign a rotation of the current key.`,
      held.since ?? undefined,
    );
  }
  const { name, publicKey } = parseVkey(vkey);
  const enrolled = ROLES.find((role) => view.holder(publicKeyKey(role, publicKey)) !== null);
  const use = view.reservedUse(publicKey) ?? (enrolled === undefined ? null : `key of an enrolled ${enrolled}`);
  if (use !== null) {
    return refuse(
      'key-in-use',
      `Expected a key used for nothing else, now or before; the public key of ${name} is the ${use}. Generate a key for this alone.`,
    );
  }
  if (office === 'log' && !view.holdsLogKey(vkey)) {
    return refuse(
      'key-not-held',
      `Expected a log key that the running log holds; it does not hold ${vkey}. Set next_key_file to it, restart the log, and send this again.`,
    );
  }
  return null;
}

function refusalOfSuccessor({ vkey, size, root }: ControlAction<'successor'>, view: AdmissionView): Refusal | null {
  const next = parseVkey(vkey);
  const use = view.reservedUse(next.publicKey);
  if (use !== null) {
    return refuse(
      'key-in-use',
      `Expected a log key of the successor's own; the public key of ${next.name} is the ${use} here. Generate another key for it.`,
    );
  }
  const found = view.treeRoot();
  if (BigInt(size) === view.size && found !== null && bytesEqual(found, fromHex(root))) return null;
  return refuse(
    'successor-elsewhere',
    `Expected a successor that goes on from this log as it is, at size ${view.size} with its root; found size ${size}, root ${root}. ` +
      'Freeze the log, take size and root from its checkpoint, and sign again.',
  );
}

/** Also for a signature by a key that the log has never seen. */
export function notTheRoot(keyid: string, view: AdmissionView): Refusal {
  const { key } = current(view.control, 'root');
  return refuse(
    'not-the-root',
    `Expected a signature by this log's root key ${keyidOfVkey(key)} (${key.name}); found ${keyid}. Only the root key says what becomes of the log.`,
  );
}
