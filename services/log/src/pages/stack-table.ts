import { html } from 'hono/html';
import type { Markup } from './layout.ts';

/**
 * A panel with a table. On a narrow screen its rows stack (style.ts); the roles keep it a table for screen readers then, so each row and cell in
 * `rows` has one, too.
 */
export function stackTable(label: string, columns: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="panel">
    <table class="stack" role="table" aria-label="${label}">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map((column) => html`<th scope="col" role="columnheader">${column}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows}
      </tbody>
    </table>
  </div>`;
}
