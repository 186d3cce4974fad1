import { html } from 'hono/html';
import type { Markup } from './layout.ts';
import type { LogLife } from './life.ts';

/** What stands above every page of a log that is not as its readers may remember it; nothing for one that is. */
export function notices({ frozen, successor, keys }: LogLife): Markup | '' {
  const rotated = keys.log.at(-1)!.since;
  if (frozen === null && rotated === null) return '';
  return html`<section class="notices" aria-label="About this log">
    ${successor === null ? '' : handedOver(successor)}${frozen === null || successor !== null ? '' : frozenOnly(frozen)}${rotated === null ? '' : keyRotated(rotated)}
  </section>`;
}

function handedOver({ index, origin, url }: NonNullable<LogLife['successor']>): Markup {
  return html`<p class="panel notice strong">
    <strong>This log has ended; <code>${origin}</code> goes on.</strong> Nothing is logged here any more. New releases and observations are
    in the log at <a href="${url}">${url}</a>, which has every entry of this one: <a href="/entries/${index}">entry ${index}</a>, signed by
    the root key, says so.
  </p>`;
}

function frozenOnly({ index, reason }: NonNullable<LogLife['frozen']>): Markup {
  return html`<p class="panel notice strong">
    <strong>This log is frozen.</strong> Nothing is logged any more since <a href="/entries/${index}">entry ${index}</a>. What is logged
    stays, and is verified as before. ${reason === null ? '' : html`The entry's reason: “${reason}”`}
  </p>`;
}

function keyRotated(index: bigint): Markup {
  return html`<p class="meta">
    The log's key was rotated: <a href="/entries/${index}">entry ${index}</a> names the one that signs since then, and
    <a href="/status">the status page</a> has all of them.
  </p>`;
}
