import { html } from 'hono/html';
import { dscDigest, type ReleaseStatement } from '@verbatim/statements';
import type { ReleaseListing } from '../store/pages.ts';
import type { Markup } from './layout.ts';
import type { Cell, CellAttempt, Column, Matrix, MatrixRow } from './matrix-model.ts';
import { CELL_WORDS, toneOf } from './states.ts';
import { isoTime, purlWords, summaryBadge, summarySentence, timeWords } from './words.ts';

export interface ReleaseModel {
  readonly release: ReleaseListing;
  readonly statement: ReleaseStatement;
  readonly matrix: Matrix;
  /** Names of the keys that claim the release. */
  readonly claimants: readonly { readonly name: string; readonly operator: string }[];
}

export function releasePage({ release, statement, matrix, claimants }: ReleaseModel): Markup {
  const { symbol, words, tone } = summaryBadge(matrix.summary);
  const { predicate } = statement;
  const { name, version } = purlWords(release.purl);
  return html`<h1>${name} <span class="version">${version}</span></h1>
    <p class="mono lead">${release.purl}</p>
    <p>
      <span class="tone ${tone}"><span aria-hidden="true">${symbol}</span>${words}</span> ${summarySentence(matrix.summary)}
    </p>
    ${release.of > 1 ? html`<p class="meta">Part ${release.part} of ${release.of}.</p>` : ''}
    ${matrix.summary.differing > 0 ? html`<p class="panel notice">A difference is usually a build that is not reproducible. Whether it matters is your policy's to say; open the observation for what was built.</p>` : ''}
    <h2 id="matrix">Artifacts and rebuilders</h2>
    ${matrixTable(matrix)}
    <h2>What is claimed</h2>
    <dl>
      <dt>Claimed by</dt>
      <dd>
        a ${predicate.claim.kind}: ${claimants.map(({ name, operator }, i) => html`${i > 0 ? '; ' : ''}${operator} (<code>${name}</code>)`)}
      </dd>
      <dt>Logged</dt>
      <dd>
        <time datetime="${isoTime(release.loggedAt)}">${timeWords(release.loggedAt)}</time>,
        <a href="/entries/${release.index}">entry ${release.index}</a>
      </dd>
      <dt>Source</dt>
      <dd>${source(predicate.source)}</dd>
      <dt>Toolchain</dt>
      <dd>${predicate.toolchain.map(({ name, version }, i) => html`${i > 0 ? ', ' : ''}${name} ${version}`)}</dd>
      <dt>Recipe</dt>
      <dd>
        <code>sha256:${predicate.recipe.sha256}</code>,
        ${predicate.recipe.inline === undefined ? html`<a href="/blobs/${predicate.recipe.sha256}">${predicate.recipe.size} bytes</a>` : html`<a href="/entries/${release.index}">in the entry</a>`}
      </dd>
      <dt>Feed</dt>
      <dd><a href="/releases/${release.index}/feed.atom">Atom feed of this release</a></dd>
    </dl>
    <h2>Check it yourself</h2>
    <pre tabindex="0"><code>verbatim verify --policy POLICY --release ${release.purl} FILE</code></pre>`;
}

function source(found: ReleaseStatement['predicate']['source']): Markup {
  switch (found.kind) {
    case 'go-module':
      return html`Go module <code>${found.module}</code> ${found.version}, <code>${found.h1}</code>`;
    case 'crate':
      return html`crate <code>${found.name}</code> ${found.version}, <code>sha256:${found.sha256}</code>`;
    case 'debian':
      return html`Debian source package <code>${found.name}</code> ${found.version}, <code>sha256:${dscDigest(found)}</code>`;
    case 'git':
      return html`git <code>${found.url}</code> at <code>${found.commit}</code>`;
  }
}

function matrixTable({ columns, rows }: Matrix): Markup {
  if (columns.length === 0) {
    return html`<div class="panel scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Artifact</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (row) =>
                html`<tr>
                  ${artifactHeader(row)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p>No rebuilder is enrolled yet.</p>`;
  }
  return html`<div class="panel scroll" tabindex="0" role="region" aria-labelledby="matrix">
    <table>
      <thead>
        <tr>
          <th scope="col">Artifact</th>
          ${columns.map(columnHeader)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${artifactHeader(row)}${row.cells.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function columnHeader({ name, operator, hosts, revokedAt }: Column): Markup {
  return html`<th scope="col">
    ${operator}<span class="sub mono">${name}</span
    >${hosts.map((host) => html`<span class="sub">${host}</span>`)}${revokedAt === null ? '' : html`<span class="sub"><a href="/entries/${revokedAt}">key revoked</a></span>`}
  </th>`;
}

function artifactHeader({ artifact, sha256 }: MatrixRow): Markup {
  return html`<th scope="row">${artifact}<code class="digest">${sha256 === null ? 'no published digest' : `sha256:${sha256}`}</code></th>`;
}

function cell({ state, attempts }: Cell): Markup {
  const { symbol, words } = CELL_WORDS[state];
  const label = html`<span aria-hidden="true">${symbol}</span>${words}`;
  const deciding = attempts.find((attempt) => attempt.state === state);
  const badge =
    deciding === undefined
      ? html`<span class="tone ${toneOf(state)}">${label}</span>`
      : html`<a class="tone ${toneOf(state)}" href="/entries/${deciding.index}">${label}</a>`;
  const reason = deciding?.reason ?? null;
  return html`<td>
    ${badge}${reason === null ? '' : html`<span class="sub">${reason}</span>`}${attempts.length > 1 ? attempts.map(attemptLink) : ''}
  </td>`;
}

function attemptLink({ attempt, index, state }: CellAttempt): Markup {
  return html`<span class="sub"><a href="/entries/${index}">attempt ${attempt}</a>: ${CELL_WORDS[state].words}</span>`;
}
