/** Inputs for a target: a valid one, mutated as its shape allows; now and then bytes out of nowhere. */
import { decodeEnvelope, encodeCanonicalJson, PAYLOAD_TYPE, StatementError } from '@verbatim/statements';
import { toBase64 } from '@verbatim/tlog';
import fc from 'fast-check';
import { BYTE_MUTATIONS } from './mutate-bytes.ts';
import { JSON_MUTATIONS } from './mutate-json.ts';
import { TEXT_MUTATIONS } from './mutate-text.ts';
import { type Choices, choicesOf, type Mutation } from './mutation.ts';
import type { Shape, Target } from './target.ts';

const MAX_MUTATIONS = 4;

const asText = (mutate: Mutation<string>): Mutation<Uint8Array> => {
  return (bytes, choices) => Buffer.from(mutate(Buffer.from(bytes).toString('utf8'), choices), 'utf8');
};

/** Canonical again afterwards, so that the parser sees more than a wrong spelling; bytes that are no JSON stay as they are. */
const asJson = (mutate: Mutation<unknown>): Mutation<Uint8Array> => {
  return (bytes, choices) => {
    const value = parsed(bytes);
    return value === undefined ? bytes : (spelled(mutate(value, choices)) ?? bytes);
  };
};

/** The statement within the envelope; the signatures then sign something else. */
const asEntry = (mutate: Mutation<unknown>): Mutation<Uint8Array> => {
  return (bytes, choices) => {
    let envelope: ReturnType<typeof decodeEnvelope>;
    try {
      envelope = decodeEnvelope(bytes);
    } catch (error) {
      if (error instanceof StatementError) return bytes;
      throw error;
    }
    const value = parsed(envelope.payload);
    const payload = value === undefined ? undefined : spelled(mutate(value, choices));
    if (payload === undefined) return bytes;
    const signatures = envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) }));
    return encodeCanonicalJson({ payload: toBase64(payload), payloadType: PAYLOAD_TYPE, signatures });
  };
};

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Undefined for what canonical JSON cannot say. */
function spelled(value: unknown): Uint8Array | undefined {
  try {
    return encodeCanonicalJson(value);
  } catch {
    return undefined;
  }
}

const MUTATIONS: Readonly<Record<Shape, readonly Mutation<Uint8Array>[]>> = (() => {
  const text = TEXT_MUTATIONS.map(asText);
  const json = JSON_MUTATIONS.map(asJson);
  return {
    bytes: BYTE_MUTATIONS,
    text: [...text, ...text, ...BYTE_MUTATIONS],
    json: [...json, ...json, ...text, ...BYTE_MUTATIONS],
    entry: [...JSON_MUTATIONS.map(asEntry), ...JSON_MUTATIONS.map(asEntry), ...json, ...BYTE_MUTATIONS],
  };
})();

/** One in sixteen is random bytes; the rest is a seed with up to four mutations, so that shrinking leaves the one that matters. */
export function inputsFor({ shape, ...target }: Pick<Target, 'seeds' | 'others' | 'shape'>): fc.Arbitrary<Uint8Array> {
  // A Buffer's slice is a view: a mutation of it would change the seed.
  const seeds = [...target.seeds, ...(target.others ?? [])].map((seed) => Uint8Array.from(seed));
  const mutations = MUTATIONS[shape];
  const step = fc.record({
    mutation: fc.nat(mutations.length - 1),
    // Not `fc.double`, which is even over all doubles: nearly every place would be the first.
    place: fc.nat(0xffff_ffff).map((place) => place / 2 ** 32),
    numbers: fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 4 }),
    other: fc.nat(seeds.length - 1),
  });
  const mutated = fc.tuple(fc.nat(seeds.length - 1), fc.array(step, { maxLength: MAX_MUTATIONS })).map(([seed, steps]) =>
    steps.reduce((bytes: Uint8Array, { mutation, place, numbers, other }) => {
      const choices: Choices = choicesOf(place, numbers, seeds[other]!);
      return Uint8Array.from(mutations[mutation]!(bytes, choices));
    }, seeds[seed]!),
  );
  return fc.oneof({ weight: 15, arbitrary: mutated }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) });
}
