import { html } from 'hono/html';
import type { ControlPredicate, Envelope, Statement } from '@verbatim/statements';
import { PREDICATE } from '@verbatim/statements';
import type { Markup } from './layout.ts';
import { CELL_WORDS, stateOf, toneOf } from './states.ts';
import { isoTime, timeWords } from './words.ts';

export interface EntryModel {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: string;
  readonly loggedAt: number;
  readonly envelope: Envelope;
  readonly statement: Statement;
  /** The entry's exact text. */
  readonly raw: string;
  readonly signers: readonly { readonly keyid: string; readonly name: string | null }[];
  readonly logVkey: string;
  /** The entry that put it there; null for the key that the log began with. */
  readonly logKeySince: bigint | null;
  /** Where this page was asked for, `https://log.example.org`. */
  readonly base: string;
}

/** One entry: what it says in words, exactly as logged, and how to check that it is in the log. */
export function entryPage({ index, size, leafHash, loggedAt, statement, raw, signers, logVkey, logKeySince, base }: EntryModel): Markup {
  return html`<h1>Entry ${index} <span class="version">${titleOf(statement)}</span></h1>
    <dl>
      ${facts(statement)}
      <dt>Signed by</dt>
      <dd>${signers.map(({ keyid, name }) => html`<div>${name === null ? '' : html`${name} `}<code>${keyid}</code></div>`)}</dd>
      <dt>Logged</dt>
      <dd><time datetime="${isoTime(loggedAt)}">${timeWords(loggedAt)}</time> by the log's clock</dd>
      <dt>Leaf hash</dt>
      <dd><code>${leafHash}</code></dd>
    </dl>
    <h2>Statement</h2>
    <pre tabindex="0"><code>${JSON.stringify(statement, null, 2)}</code></pre>
    <details>
      <summary>Raw entry (${raw.length} characters)</summary>
      <pre tabindex="0"><code>${raw}</code></pre>
    </details>
    <h2>Prove it</h2>
    <p>
      Fetch the exact bytes and a C2SP <code>tlog-proof</code> with the cosigned checkpoint, and check both with this log's key. The page
      itself proves nothing.
    </p>
    <pre tabindex="0"><code>curl -fsS -H 'Accept: application/json' ${base}/entries/${index} -o entry-${index}.json
curl -fsS ${base}/entries/${index}/proof -o entry-${index}.tlog-proof
# log key: ${logVkey}${logKeySince === null ? '' : ` (since entry ${logKeySince})`}</code></pre>
    <div class="pager">
      <span>${index > 0n ? html`<a href="/entries/${index - 1n}" rel="prev">Entry ${index - 1n}</a>` : ''}</span
      ><span>${index + 1n < size ? html`<a href="/entries/${index + 1n}" rel="next">Entry ${index + 1n}</a>` : ''}</span>
    </div>`;
}

export function titleOf(statement: Statement): string {
  switch (statement.predicateType) {
    case PREDICATE.release:
      return 'release';
    case PREDICATE.observation:
      return 'observation';
    case PREDICATE.roster:
      return `roster: ${statement.predicate.action}`;
    case PREDICATE.control:
      return `control: ${statement.predicate.action}`;
  }
}

/** The few facts that people look for first. Everything else is in the statement below. */
function facts(statement: Statement): Markup | '' {
  switch (statement.predicateType) {
    case PREDICATE.release:
      return html`<dt>Release</dt>
        <dd><code>${statement.predicate.purl}</code></dd>`;
    case PREDICATE.observation: {
      const { release, artifact, attempt, result, reason, claimed, received, observed, platform } = statement.predicate;
      return html`<dt>Result</dt>
        <dd>${badge(result)}${reason === null ? '' : html` ${reason}`}, attempt ${attempt}</dd>
        <dt>Artifact</dt>
        <dd>${artifact} of <a href="/releases/${release.index}">release ${release.index}</a></dd>
        <dt>Claimed</dt>
        <dd>${digest(claimed)}</dd>
        <dt>Received</dt>
        <dd>${digest(received)}</dd>
        <dt>Observed</dt>
        <dd>${digest(observed)}</dd>
        <dt>Platform</dt>
        <dd>built on ${platform.host} for ${platform.target}</dd>
        <dt>Evidence</dt>
        <dd>
          ${statement.predicate.evidence.length === 0 ? 'none' : statement.predicate.evidence.map(({ kind, sha256, size }) => html`<div><a href="/blobs/${sha256}">${kind}</a>, ${size} bytes</div>`)}
        </dd>`;
    }
    case PREDICATE.roster:
      return html`<dt>Role</dt>
        <dd>${statement.predicate.role}</dd>
        <dt>Key</dt>
        <dd><code>${statement.predicate.vkey}</code></dd>`;
    case PREDICATE.control:
      return controlFacts(statement.predicate);
  }
}

/** What changes whom to believe, in words. */
function controlFacts(predicate: ControlPredicate): Markup | '' {
  switch (predicate.action) {
    case 'freeze':
      return html`<dt>Says</dt>
        <dd>Nothing more is logged here, but rotations and a successor.</dd>
        <dt>Reason</dt>
        <dd>${predicate.reason}</dd>`;
    case 'successor':
      return html`<dt>Says</dt>
        <dd>Another log goes on from here, with the ${predicate.size} entries before this one.</dd>
        <dt>Successor</dt>
        <dd><code>${predicate.vkey}</code></dd>
        <dt>At</dt>
        <dd><a href="${predicate.url}">${predicate.url}</a></dd>`;
    case 'rotate':
      return html`<dt>Says</dt>
        <dd>The ${predicate.key} key is another one from here on.</dd>
        <dt>Old key</dt>
        <dd><code>${predicate.old}</code></dd>
        <dt>New key</dt>
        <dd><code>${predicate.vkey}</code></dd>`;
    case 'index-root':
      return html`<dt>Says</dt>
        <dd>The root of the index over the ${predicate.size} entries before this one.</dd>
        <dt>Root</dt>
        <dd><code>${predicate.root}</code></dd>`;
    case 'genesis':
    case 'admission':
      return '';
  }
}

function digest(found: { readonly sha256: string } | null): Markup | string {
  return found === null ? 'nothing' : html`<code>sha256:${found.sha256}</code>`;
}

function badge(result: string): Markup {
  const state = stateOf(result);
  const { symbol, words } = CELL_WORDS[state];
  return html`<span class="tone ${toneOf(state)}"><span aria-hidden="true">${symbol}</span>${words}</span>`;
}
