import { html } from 'hono/html';
import type { ReleaseListing } from '../store/pages.ts';
import type { Markup } from './layout.ts';
import type { Summary } from './matrix-model.ts';
import { stackTable } from './stack-table.ts';
import { isoTime, summaryBadge, summarySentence, timeWords } from './words.ts';

export interface ListedRelease {
  readonly release: ReleaseListing;
  readonly summary: Summary;
}

export interface ReleasesModel {
  readonly releases: readonly ListedRelease[];
  /** What was searched for, or ''. */
  readonly query: string;
  /** Path of the page with older releases, or null. */
  readonly older: string | null;
}

export function releasesPage({ releases, query, older }: ReleasesModel): Markup {
  return html`<h1>Releases</h1>
    <p class="lead">
      Published files that independent rebuilders build again from source. Each result is signed by who observed it and stays in this log.
    </p>
    <form class="find" action="/" method="get" role="search">
      <input
        type="search"
        name="q"
        value="${query}"
        maxlength="512"
        placeholder="pkg:npm/esbuild or a sha256"
        aria-label="Package URL or sha256 digest"
        autocapitalize="off"
        autocomplete="off"
        spellcheck="false"
      />
      <button>Find</button>
    </form>
    ${releases.length === 0 ? nothing(query) : stackTable('Releases', ['Release', 'State', 'Claimed by', 'Logged'], releases.map(row))}
    <div class="pager">
      <span>${query === '' ? '' : html`<a href="/">All releases</a>`}</span
      ><span>${older === null ? '' : html`<a href="${older}" rel="next">Older releases</a>`}</span>
    </div>`;
}

function nothing(query: string): Markup {
  return query === ''
    ? html`<p>No release is registered yet.</p>`
    : html`<p>
        No release here has a package URL that begins with <code>${query}</code>, or claims that digest. That says nothing about the file.
      </p>`;
}

function row({ release, summary }: ListedRelease): Markup {
  const { symbol, words, tone } = summaryBadge(summary);
  const part = release.of > 1 ? html` <span class="sub">part ${release.part} of ${release.of}</span>` : '';
  return html`<tr role="row">
    <th scope="row" role="rowheader"><a href="/releases/${release.index}" class="mono">${release.purl}</a>${part}</th>
    <td role="cell">
      <span class="tone ${tone}"><span aria-hidden="true">${symbol}</span>${words}</span
      ><span class="sub">${summarySentence(summary)}</span>
    </td>
    <td role="cell">a ${release.claim}</td>
    <td role="cell">
      <time datetime="${isoTime(release.loggedAt)}">${timeWords(release.loggedAt)}</time
      ><span class="sub"><a href="/entries/${release.index}">entry ${release.index}</a></span>
    </td>
  </tr>`;
}
