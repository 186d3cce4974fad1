/** Runs in a browser's page: decides what it is asked with the verifying packages, and sends back what it decided. */
import * as consensus from '@verbatim/consensus';
import * as tlog from '@verbatim/tlog';
import { plain, type Question, revive } from './_questions.ts';

type Call = (...parameters: never[]) => unknown;

/** A bundle's verdict, as `verbatim verify --offline` comes to it. */
function verdict(policy: string, bundle: Uint8Array, sha256: string, now: Date): unknown {
  const question = { file: { sha256 }, now, offline: true, verify: tlog.verifyEd25519Pure };
  return consensus.evaluate({ ...question, policy: consensus.parsePolicy(policy), evidence: consensus.decodeBundle(bundle) });
}

const CALLS: Readonly<Record<string, Call>> = { ...(tlog as unknown as Record<string, Call>), verdict };

function decide({ call, parameters }: Question): unknown {
  try {
    return { value: CALLS[call]!(...(revive(parameters) as never[])) };
  } catch (error) {
    return { thrown: String(error) };
  }
}

const questions = (await (await fetch('questions')).json()) as Question[];
await fetch('answers', { method: 'POST', body: JSON.stringify(questions.map(decide), plain) });
