import { loadSigner } from '@verbatim/service-kit/keyfile';
import { makeRoster, signStatement } from '@verbatim/statements';
import type { RosterStatement, Role } from '@verbatim/statements';
import type { Io } from '../io.ts';
import type { LogOptions } from './address.ts';
import { printSubmitted, submit } from '../submit.ts';
import { wholeNumber } from './whole-number.ts';

interface ChangeOptions extends LogOptions {
  readonly key: string;
  readonly role: Role;
  readonly vkey: string;
  readonly json?: boolean;
}

export interface EnrolOptions extends ChangeOptions {
  readonly operator: string;
  readonly scope?: readonly string[];
  readonly group?: string;
  readonly threshold: string;
}

export interface RevokeOptions extends ChangeOptions {
  readonly reason: string;
  readonly compromisedSince?: string;
}

/** `verbatim log admin enrol`: one more roster entry. */
export async function enrol(options: EnrolOptions, io: Io): Promise<void> {
  const { role, vkey, operator, scope = [], group = null, threshold } = options;
  await change(
    options,
    makeRoster({ action: 'enrol', role, vkey, operator, scope, threshold: wholeNumber('--threshold', threshold), group }),
    io,
  );
}

/** `verbatim log admin revoke`: the entry stays for ever, and so do the key's dissents. */
export async function revoke(options: RevokeOptions, io: Io): Promise<void> {
  const { role, vkey, reason, compromisedSince } = options;
  const since = compromisedSince === undefined ? null : wholeNumber('--compromised-since', compromisedSince);
  await change(options, makeRoster({ action: 'revoke', role, vkey, reason, compromisedSince: since }), io);
}

async function change(options: ChangeOptions, statement: RosterStatement, io: Io): Promise<void> {
  printSubmitted(await submit(signStatement(statement, [loadSigner(options.key)]), options, io), options.json, io);
}
