import { html } from 'hono/html';
import type { Markup } from './layout.ts';

/** What a browser is shown where a page was asked for that is not there: the words of the problem, and the way on. */
export function problemPage(title: string, detail: string): Markup {
  return html`<h1>${title}</h1>
    <p class="lead">${detail}</p>
    <p><a href="/">All releases</a></p>`;
}
