import type { ControlPredicate } from '@verbatim/statements';
import { parseVkey } from '@verbatim/tlog';
import type { ControlState } from '../admission/control-state.ts';

/** What readers must know of a log beside its entries: whether it is frozen, which log goes on, which keys are its own. */
export interface LogLife {
  readonly frozen: { readonly index: bigint; readonly reason: string | null } | null;
  readonly successor: { readonly index: bigint; readonly origin: string; readonly url: string } | null;
  /** By office, oldest first: the last one is current. `since` is the entry that put it there; null for the key that the log began with. */
  readonly keys: Readonly<Record<keyof ControlState['terms'], readonly HeldKey[]>>;
}

export interface HeldKey {
  readonly vkey: string;
  readonly since: bigint | null;
}

/**
 * As of a published size: what is sequenced and not yet witnessed says nothing to anybody.
 *
 * @param said what the control entry at an index says
 */
export function lifeAt(size: bigint, state: ControlState, said: (index: bigint) => ControlPredicate): LogLife {
  const held = (office: keyof ControlState['terms']): HeldKey[] =>
    state.terms[office].filter(({ since }) => since === null || since < size).map(({ key, since }) => ({ vkey: key.text, since }));
  return {
    frozen: within(state.frozen, size, (index) => {
      const predicate = said(index);
      // A successor freezes the log that it goes on from, and gives no reason.
      return { index, reason: predicate.action === 'freeze' ? predicate.reason : null };
    }),
    successor: within(state.successor, size, (index) => {
      const predicate = said(index);
      if (predicate.action !== 'successor') throw new Error(`expected a successor at entry ${index}; found ${predicate.action}`);
      return { index, origin: parseVkey(predicate.vkey).name, url: predicate.url };
    }),
    keys: { log: held('log'), root: held('root'), admin: held('admin') },
  };
}

function within<T>(index: bigint | null, size: bigint, make: (index: bigint) => T): T | null {
  return index === null || index >= size ? null : make(index);
}
