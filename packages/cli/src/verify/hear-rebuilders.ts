import { hear } from '@verbatim/consensus';
import type { Hearing, Policy, Verdict } from '@verbatim/consensus';
import { verifyEd25519 } from '@verbatim/tlog/node';
import type { Stages } from './stages.ts';

/** Asks the rebuilders of the policy about the releases of a verdict. Whoever does not answer is a warning: silence proves nothing. */
export async function hearRebuilders(judged: Verdict, policy: Policy, stages: Pick<Stages, 'askRebuilders'>): Promise<Hearing> {
  const { claim, others } = judged;
  const askable = policy.rebuilders.filter(({ url }) => url !== null);
  if (claim === null) return { judged, heard: [] };
  if (askable.length === 0) return { judged: warned(judged, ['no rebuilder has an address in the policy: nobody was asked']), heard: [] };
  const asked = await stages.askRebuilders(
    askable,
    [claim, ...others].map(({ index }) => index),
  );
  const silent = asked.flatMap(({ rebuilder, trouble }) => (trouble === null ? [] : `${rebuilder} could not be asked: ${trouble}`));
  const entries = asked.flatMap((answer) => answer.entries);
  return hear(warned(judged, silent), entries, policy, verifyEd25519);
}

function warned(judged: Verdict, warnings: readonly string[]): Verdict {
  return { ...judged, warnings: [...judged.warnings, ...warnings] };
}
