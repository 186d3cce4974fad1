import type { Logger } from '@verbatim/service-kit';
import { formatNote } from '@verbatim/tlog';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { MirrorConfig } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import type { SignedCheckpoint } from '../publication/collector.ts';
import type { Publication } from '../publication/published.ts';
import { asked, failed, FIRST_PACE, mayAsk, type Pace, pushedBack, succeeded } from '../witness/pace.ts';
import { WitnessTransport } from '../witness/transport.ts';
import { feedRound, type FeedOutcome, type MirrorBelief } from './feed-round.ts';

/** Somebody else feeds the mirror: until the next look. */
const AHEAD_SECONDS = 1;
/** One request: 8 MiB, and a mirror that syncs each of its files. */
const REQUEST_MS = 60_000;

export interface MirrorFeedOptions {
  readonly renewMs: number;
  readonly logger: Logger;
  /** Milliseconds, of the clock that cosignatures are held against. */
  readonly now: () => number;
}

/**
 * Uploads to one mirror what was published, after it was published: a mirror that is slow, down or hostile costs nobody but itself. What it
 * cosigns is published with the checkpoint as long as that is the newest.
 */
export class MirrorFeed implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #mirror: MirrorConfig;
  readonly #options: MirrorFeedOptions;
  readonly #transport: WitnessTransport;
  readonly #belief: MirrorBelief = { pending: 0n, next: null };
  #pace: Pace = FIRST_PACE;
  /** Size and time, by `performance.now()`, of the newest checkpoint that it cosigned. */
  #cosigned: { readonly size: bigint; readonly at: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(engine: Engine, mirror: MirrorConfig, options: MirrorFeedOptions) {
    this.#engine = engine;
    this.#mirror = mirror;
    this.#options = options;
    this.#transport = new WitnessTransport(mirror.url, REQUEST_MS);
    engine.published.listen(() => this.#advance());
    this.#advance();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#transport.close();
    await this.#round;
  }

  #advance(): void {
    const publication = this.#engine.published.current;
    if (this.#stopped || publication === null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const now = performance.now();
    const due = this.#cosigned?.size === publication.size ? this.#cosigned.at + this.#options.renewMs : 0;
    if (mayAsk(this.#pace, now) && now >= due) {
      this.#pace = asked(this.#pace);
      this.#round = this.#feed(publication);
    } else if (!this.#pace.busy) {
      this.#timer = setTimeout(() => this.#advance(), Math.max(this.#pace.notBefore - now, due - now, 10));
    }
  }

  async #feed(publication: Publication): Promise<void> {
    const { nodes, entries, identity } = this.#engine;
    const { key, mlDsaKey, name, intervalMs } = this.#mirror;
    const { now, logger } = this.#options;
    const target = ownPart(publication, identity.origin);
    const outcome = await feedRound({
      ...{ origin: identity.origin, key, mlDsaKey, target, nodes, now, verify: verifyEd25519, belief: this.#belief },
      entries: (start, end) => entries.range(start, end),
      post: (path, body) => this.#transport.send(path, body),
    }).catch((error: unknown): FeedOutcome => ({ kind: 'refused', detail: error instanceof Error ? error.message : String(error) }));
    if (this.#stopped) return;
    switch (outcome.kind) {
      case 'cosigned':
        this.#pace = succeeded(this.#pace, performance.now(), intervalMs);
        this.#cosigned = { size: target.size, at: performance.now() };
        this.#engine.addCosignatures(target, [{ witness: name, lines: outcome.lines, timestamp: outcome.timestamp }]);
        break;
      case 'ahead':
        this.#pace = this.#ahead(outcome.size);
        break;
      case 'pushed-back':
        this.#pace = pushedBack(this.#pace, performance.now(), intervalMs, outcome.seconds);
        break;
      case 'refused':
        if (this.#pace.failures === 0)
          logger.warn({ mirror: name, size: String(target.size), detail: outcome.detail }, 'mirror did not cosign');
        this.#pace = failed(this.#pace, performance.now(), intervalMs);
    }
    this.#advance();
  }

  /** Ahead of what we publish by now is no trouble; ahead of what we ever signed means that one of the two lost something. */
  #ahead(size: bigint): Pace {
    const { logger } = this.#options;
    const { name, intervalMs } = this.#mirror;
    if (size <= this.#engine.signed.size) return pushedBack(this.#pace, performance.now(), intervalMs, AHEAD_SECONDS);
    if (this.#pace.failures === 0)
      logger.error({ mirror: name, size: String(size) }, 'the mirror has a larger checkpoint than this log has signed');
    return failed(this.#pace, performance.now(), intervalMs);
  }
}

/** The published checkpoint with the log's own signatures only: nobody else's lines are a mirror's business. */
function ownPart({ size, note }: Publication, origin: string): SignedCheckpoint {
  const own = note.signatures.filter(({ name }) => name === origin);
  return { size, text: note.text, note: formatNote({ text: note.text, signatures: own }) };
}
