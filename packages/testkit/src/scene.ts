/** A whole small world: a log with its roster, a release and observations, and the keys of everybody in it. */
import type { ObservationPredicate, ReleaseStatement } from '@verbatim/statements';
import type { Signer } from '@verbatim/tlog';
import { InMemoryLog, type LoggedEntry } from './in-memory-log.ts';
import { testSigner } from './keys.ts';
import { ADMIN, ROOT, aGenesis, aRelease, anEnrolment, anObservation } from './statements.ts';

export interface SceneOptions {
  readonly origin?: string;
  /** Names of the rebuilders' keys; three by default. */
  readonly rebuilders?: readonly string[];
  readonly witnesses?: readonly Signer[];
  readonly release?: ReleaseStatement;
}

export class Scene {
  readonly log: InMemoryLog;
  readonly root: Signer = ROOT;
  readonly admin: Signer = ADMIN;
  readonly registrar: Signer = testSigner('registrar-npm');
  readonly rebuilders: readonly Signer[];
  readonly release: ReleaseStatement;
  readonly releaseIndex: bigint;

  /** Entries: genesis, registrar, rebuilders, release. */
  constructor({
    origin = 'log.example/test',
    rebuilders = ['acme-1', 'beta-1', 'gamma-1'],
    witnesses = [testSigner('witness.example/w1')],
    release = aRelease(),
  }: SceneOptions = {}) {
    this.log = new InMemoryLog({ origin, witnesses });
    this.release = release;
    this.rebuilders = rebuilders.map((name) => testSigner(name));
    this.log.addStatement(aGenesis(origin), this.root);
    this.log.addStatement(anEnrolment(this.registrar, { role: 'registrar' }), this.admin);
    for (const rebuilder of this.rebuilders) this.log.addStatement(anEnrolment(rebuilder), this.admin);
    this.releaseIndex = this.log.addStatement(release, this.registrar);
  }

  /** Logs an observation of the release by the rebuilder at `position`; a match by default. Returns its index. */
  observe(position: number, overrides: Partial<ObservationPredicate> = {}): bigint {
    const rebuilder = this.rebuilders[position]!;
    const { log, release, releaseIndex: index } = this;
    const statement = anObservation({ origin: log.origin, release, index, leafHash: log.leafHash(index), rebuilder }, overrides);
    return log.addStatement(statement, rebuilder);
  }

  /** Every entry with its proof at the log's size: what a client of an honest log would gather, and more. */
  everything(): LoggedEntry[] {
    return this.log.proved(Array.from({ length: Number(this.log.size) }, (_, index) => BigInt(index)));
  }
}
