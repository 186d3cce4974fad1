import { encodeBundle } from '@verbatim/consensus';
import { digest, FILE, policyText, World } from '../../packages/consensus/src/_world.ts';

const world = new World();
const release = world.release();
for (const rebuilder of ['acme-1', 'umbra-1', 'zeta-1']) world.observe(rebuilder, release, FILE);

export const POLICY = policyText({ lines: ['require 2'] });
/** The file of a release that all rebuilders reproduced. */
export const AGREED = encodeBundle(world.evidence());

world.observe('zeta-1', release, digest('other bytes'), { attempt: 2 });
/** The same after one of them got other bytes. */
export const DISPUTED = encodeBundle(world.evidence());
