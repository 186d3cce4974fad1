/** Whether the log kept to what its control entries say, as far as the evidence shows (DESIGN §3.2, §3.4). */
import { counted } from '@verbatim/statements';
import { type Checkpoint, rootBefore, toHex } from '@verbatim/tlog';
import { admissionAt, type ControlHistory, eraAt, holderAt } from './control-history.ts';
import type { Finding, FindingCode } from './findings.ts';
import type { Logged, ReadLog } from './read-entries.ts';
import type { ShownEntry } from './shown-entries.ts';

/** Whatever is found here is `log-misbehaviour`. */
export function checkControl(log: ReadLog, history: ControlHistory, shown: readonly ShownEntry[], checkpoint: Checkpoint): Finding[] {
  const entries: readonly Logged[] = [...log.releases, ...log.observations, ...log.roster];
  return [
    ...checkGenesis(log),
    ...checkPriorRoots(history, shown, checkpoint),
    ...entries.flatMap((entry) => checkFrozen(entry, history) ?? []),
    ...log.roster.flatMap((entry) => checkAdmin(entry, history) ?? []),
    ...[...log.releases, ...log.observations].flatMap((entry) => checkAdmission(entry, history) ?? []),
  ];
}

/** What genesis says was read with the history; that it is there, where entry 0 was shown, is left. */
function checkGenesis({ kinds, control }: ReadLog): Finding[] {
  const isThere = control.some(({ index, statement }) => index === 0n && statement.predicate.action === 'genesis');
  return isThere || !kinds.has(0n) ? [] : [finding('genesis-mismatch', 0n, 'expected the log’s genesis statement')];
}

/** The left siblings of an entry's inclusion proof are the tree before it: so a successor cannot have exchanged what it took over. */
function checkPriorRoots({ priorRoots }: ControlHistory, shown: readonly ShownEntry[], { size }: Checkpoint): Finding[] {
  return priorRoots.flatMap(({ index, root }) => {
    const entry = shown.find((each) => each.index === index)!;
    const found = rootBefore(index, size, entry.leaf, entry.proof);
    if (found !== null && toHex(found) === root) return [];
    return [
      finding(
        'continuity-broken',
        index,
        `expected the tree before it to have root ${root}, found ${found === null ? 'none' : toHex(found)}`,
      ),
    ];
  });
}

function checkFrozen({ index }: Logged, history: ControlHistory): Finding | null {
  const { frozen } = eraAt(history, index);
  if (frozen === null || index < frozen.index) return null;
  return finding('after-freeze', index, `expected nothing after entry ${frozen.index}, which froze the log`);
}

/** Without genesis nobody is known to be the admin: then a revocation still takes votes away. */
function checkAdmin({ index, signers }: Logged, history: ControlHistory): Finding | null {
  const admin = holderAt(history, 'admin', index);
  if (admin === null || signers.includes(admin.keyid)) return null;
  return finding('roster-unauthorised', index, `expected a signature by the admin key ${admin.keyid} (${admin.key.name}), found none`);
}

function checkAdmission(entry: ReadLog['releases'][number] | ReadLog['observations'][number], history: ControlHistory): Finding | null {
  const { index, statement } = entry;
  const terms = admissionAt(history, index);
  if (terms === null) return null;
  if ('attempt' in statement.predicate) {
    const { attempt } = statement.predicate;
    if (attempt <= terms.attempts) return null;
    return finding(
      'admission-broken',
      index,
      `expected at most ${counted(terms.attempts, 'attempt')}, as entry ${terms.since} says, found ${attempt}`,
    );
  }
  const { kind } = statement.predicate.claim;
  if (terms.claims.includes(kind)) return null;
  return finding('admission-broken', index, `expected no release by a ${kind}, as entry ${terms.since} says`);
}

function finding(code: FindingCode, index: bigint, message: string): Finding {
  return { code, index, message: `entry ${index}: ${message}` };
}
