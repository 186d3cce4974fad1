import { html } from 'hono/html';
import type { Cosigner, CosignerRole } from './cosigners.ts';
import type { Markup } from './layout.ts';
import type { HeldKey, LogLife } from './life.ts';
import { stackTable } from './stack-table.ts';
import { isoTime, timeWords } from './words.ts';

export interface StatusModel {
  readonly size: bigint;
  /** POSIX seconds; null while nothing is published. */
  readonly publishedAt: number | null;
  readonly life: LogLife;
  readonly cosigners: readonly Cosigner[];
}

/** How the log stands: open, frozen or ended; its checkpoint; its keys, old and new; who cosigns. */
export function statusPage({ size, publishedAt, life, cosigners }: StatusModel): Markup {
  return html`<h1>Status ${stateBadge(life)}</h1>
    <p class="lead">What this log says of itself. <code>verbatim log status</code> says the same and verifies it.</p>
    <dl>
      <dt>Checkpoint</dt>
      <dd>
        ${publishedAt === null ? 'nothing is published yet' : html`<a href="/checkpoint">size ${size}</a>, published ${time(publishedAt)}`}
      </dd>
      ${
        life.frozen === null
          ? ''
          : html`<dt>Frozen</dt>
              <dd>
                since
                <a href="/entries/${life.frozen.index}">entry ${life.frozen.index}</a
                >${life.frozen.reason === null ? '' : `: ${life.frozen.reason}`}
              </dd>`
      }
      ${
        life.successor === null
          ? ''
          : html`<dt>Successor</dt>
              <dd>
                <code>${life.successor.origin}</code> at <a href="${life.successor.url}">${life.successor.url}</a>, by
                <a href="/entries/${life.successor.index}">entry ${life.successor.index}</a>
              </dd>`
      }
    </dl>
    <h2 id="cosigners">Who cosigns</h2>
    ${cosigners.length === 0 ? html`<p>Nobody: this log has no witnesses. Whoever reads it trusts it not to show others another history.</p>` : cosignersTable(cosigners)}
    <h2>Keys</h2>
    ${keysTable(life)}`;
}

function stateBadge({ frozen, successor }: LogLife): Markup {
  const [tone, symbol, words] =
    successor !== null ? ['warn', '→', 'ended'] : frozen !== null ? ['warn', '‖', 'frozen'] : ['good', '✓', 'open'];
  return html`<span class="tone ${tone}"><span aria-hidden="true">${symbol}</span>${words}</span>`;
}

const ROLES: Record<CosignerRole, { readonly name: string; readonly what: string }> = {
  witness: { name: 'witness', what: 'that the log only grows' },
  'index-witness': { name: 'index-witness', what: 'that the index leaves nothing out' },
  mirror: { name: 'mirror', what: 'that it holds a copy' },
};

function cosignersTable(cosigners: readonly Cosigner[]): Markup {
  const row = ({ name, vkey, role, cosignedAt }: Cosigner): Markup =>
    html`<tr role="row">
      <th scope="row" role="rowheader">${name}<code class="digest">${vkey}</code></th>
      <td role="cell">${ROLES[role].name}<span class="sub">${ROLES[role].what}</span></td>
      <td role="cell">
        ${cosignedAt === null ? html`<span class="tone warn"><span aria-hidden="true">…</span>not this checkpoint yet</span>` : html`<span class="tone good"><span aria-hidden="true">✓</span>cosigned</span><span class="sub">${time(cosignedAt)}</span>`}
      </td>
    </tr>`;
  return stackTable('Who cosigns', ['Name and key', 'Vouches', 'This checkpoint'], cosigners.map(row));
}

const OFFICES = { log: 'signs checkpoints', root: 'signs control entries, kept offline', admin: 'signs the roster' } as const;

function keysTable({ keys }: LogLife): Markup {
  const rows = Object.entries(OFFICES).flatMap(([office, does]) => {
    const held = keys[office as keyof typeof OFFICES];
    return held.toReversed().map((key, i) => keyRow(office, does, key, i > 0));
  });
  return stackTable('Keys', ['Key', 'Office', 'Since'], rows);
}

function keyRow(office: string, does: string, { vkey, since }: HeldKey, retired: boolean): Markup {
  return html`<tr role="row">
    <th scope="row" role="rowheader"><code>${vkey}</code></th>
    <td role="cell">${office}${retired ? html` <span class="tone quiet">retired</span>` : ''}<span class="sub">${does}</span></td>
    <td role="cell">${since === null ? 'the beginning' : html`<a href="/entries/${since}">entry ${since}</a>`}</td>
  </tr>`;
}

function time(seconds: number): Markup {
  return html`<time datetime="${isoTime(seconds)}">${timeWords(seconds)}</time>`;
}
