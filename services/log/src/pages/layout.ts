import { counted } from '@verbatim/statements';
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Cosigner, CosignerRole } from './cosigners.ts';
import { ICON_PATH } from './icon.ts';
import type { LogLife } from './life.ts';
import { notices } from './notices.ts';
import { STYLE_PATH } from './style.ts';

/** What `html` returns: text that was escaped where it had to be. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Frame {
  /** Of the whole log. */
  readonly siteTitle: string;
  readonly origin: string;
  readonly size: bigint;
  readonly life: LogLife;
  readonly cosigners: readonly Cosigner[];
}

export interface Page {
  readonly title: string;
  readonly body: Markup;
  /** Path of an Atom feed about this page. */
  readonly feed?: string;
}

/** The frame of every page. No script, one style sheet: see `PAGE_HEADERS` for the policy that enforces it. */
export function layout({ siteTitle, origin, size, life, cosigners }: Frame, { title, body, feed }: Page): Markup {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · ${siteTitle}</title>
        <link rel="stylesheet" href="${STYLE_PATH}" />
        <link rel="icon" href="${ICON_PATH}" type="image/svg+xml" />
        ${feed === undefined ? '' : html`<link rel="alternate" type="application/atom+xml" title="${title}" href="${feed}" />`}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top">
          <div class="wrap">
            <a class="brand" href="/"><span class="mark" aria-hidden="true">≡</span> ${siteTitle}</a>
            <nav aria-label="Log">
              <a href="/">Releases</a> <a href="/status">Status</a> <a href="/checkpoint">Checkpoint</a> <a href="/openapi.json">API</a>
              <a href="/health">Health</a>
            </nav>
          </div>
        </header>
        <main id="main" class="wrap">${notices(life)}${body}</main>
        <footer>
          <div class="wrap">
            <p>
              Log <code>${origin}</code>, ${counted(size, 'entry', 'entries')}${cosignedBy(cosigners)}. This page shows what is logged and
              counts nothing: a verdict is yours to make, with your own policy and the <code>verbatim verify</code> command, which trusts
              neither this page nor this server.
            </p>
          </div>
        </footer>
      </body>
    </html> `;
}

/** Whose word stands behind the published checkpoint: the index-witnesses by name, for few logs have one. */
function cosignedBy(cosigners: readonly Cosigner[]): Markup | '' {
  const names = (wanted: CosignerRole): string[] =>
    cosigners.filter(({ role, cosignedAt }) => role === wanted && cosignedAt !== null).map(({ name }) => name);
  const [witnesses, mirrors, auditors] = [names('witness').length, names('mirror').length, names('index-witness')];
  const parts = [
    witnesses === 0 ? [] : [`cosigned by ${counted(witnesses, 'witness', 'witnesses')}`],
    mirrors === 0 ? [] : [`held by ${counted(mirrors, 'mirror')}`],
    auditors.length === 0 ? [] : [`its index audited by ${auditors.join(', ')}`],
  ].flat();
  return parts.length === 0 ? '' : html`, <a href="/status#cosigners">${parts.join(', ')}</a>`;
}

/** Nothing but our own style sheet and icon; nothing that could run (DESIGN §3.2 has the like for blobs). */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
  vary: 'Accept',
};
