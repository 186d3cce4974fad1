import { html, raw } from 'hono/html';
import type { RosterKey } from '../admission/view.ts';
import type { ObservationListing, ReleaseListing } from '../store/pages.ts';
import type { Markup } from './layout.ts';
import { isoTime } from './words.ts';

/** Entries in one feed document, the newest ones. */
export const MAX_FEED_ENTRIES = 100;

export interface FeedModel {
  readonly origin: string;
  /** `YYYY-MM-DD` of the log's first entry: never changes, so neither do the ids. */
  readonly created: string;
  readonly release: ReleaseListing;
  /** In log order. */
  readonly observations: readonly ObservationListing[];
  readonly rebuilder: (keyid: string) => Pick<RosterKey, 'name' | 'operator'> | undefined;
}

/** Atom 1.0 (RFC 4287): one entry an observation, newest first. Relative links, so that a mirror's readers stay there. */
export function releaseFeed({ origin, created, release, observations, rebuilder }: FeedModel): Markup {
  const newest = observations.slice(-MAX_FEED_ENTRIES).toReversed();
  const updated = newest[0]?.loggedAt ?? release.loggedAt;
  return html`${raw('<?xml version="1.0" encoding="utf-8"?>\n')}<feed xmlns="http://www.w3.org/2005/Atom">
      <id>${tagUri(origin, created, `releases/${release.index}`)}</id>
      <title>${release.purl} on ${origin}</title>
      <updated>${isoTime(updated)}</updated>
      <link rel="self" type="application/atom+xml" href="/releases/${release.index}/feed.atom" />
      <link rel="alternate" type="text/html" href="/releases/${release.index}" />
      <author><name>${origin}</name></author>
      ${newest.map((observation) => entry(origin, created, release, observation, rebuilder(observation.keyid)))}</feed
    > `;
}

function entry(
  origin: string,
  created: string,
  release: ReleaseListing,
  { index, artifact, attempt, result, reason, host, loggedAt, keyid }: ObservationListing,
  who: Pick<RosterKey, 'name' | 'operator'> | undefined,
): Markup {
  const by = who === undefined ? keyid : `${who.operator} (${who.name})`;
  return html`<entry>
    <id>${tagUri(origin, created, `entries/${index}`)}</id>
    <title>${result}: ${artifact} by ${by}</title>
    <updated>${isoTime(loggedAt)}</updated>
    <link rel="alternate" type="text/html" href="/entries/${index}" />
    <author><name>${by}</name></author>
    <category term="${result}" />
    <summary>
      ${release.purl}, artifact ${artifact}, attempt ${attempt} on ${host}: ${result}${reason === null ? '' : ` (${reason})`}. Entry
      ${index}.
    </summary>
  </entry> `;
}

/** RFC 4151: stable whatever the log's address becomes. The authority is the origin's host. */
export function tagUri(origin: string, created: string, path: string): string {
  const host = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/i.exec(origin)?.[0].toLowerCase() ?? 'log.invalid';
  return `tag:${host},${created}:${encodeURI(origin)}/${path}`;
}
