import { purlCovers, type ReleaseStatement } from '@verbatim/statements';

/** Both conditions hold, as far as they are given. */
export interface Subscription {
  readonly purl?: string | undefined;
  readonly targets?: readonly string[] | undefined;
}

/** Names of the release's artifacts that any of the subscriptions asks for, in the release's order. No subscription asks for everything. */
export function artifactsToRebuild(release: ReleaseStatement, subscriptions: readonly Subscription[]): string[] {
  const { purl, artifacts, unpublished = [] } = release.predicate;
  const all = [...artifacts, ...unpublished];
  if (subscriptions.length === 0) return all.map(({ name }) => name);
  const covering = subscriptions.filter((each) => each.purl === undefined || purlCovers(each.purl, purl));
  return all
    .filter(({ target }) => covering.some(({ targets }) => targets === undefined || targets.includes(target)))
    .map(({ name }) => name);
}
