/** Statements of which everything follows from the predicate: docs/spec/bundle.md §3. */
import {
  makeControl,
  makeObservation,
  makeRoster,
  PREDICATE,
  type ControlPredicate,
  type Enrolment,
  type ObservationPredicate,
  type Revocation,
} from '@verbatim/statements';

/** By the last part of the predicate's type. What is in a release's subject stands nowhere else. */
const MAKERS = {
  observation: (predicate: unknown) => makeObservation(predicate as ObservationPredicate),
  roster: (predicate: unknown) => makeRoster(predicate as Enrolment | Revocation),
  control: (predicate: unknown) => makeControl(predicate as ControlPredicate),
} as const;
export type ImpliedType = keyof typeof MAKERS;

export function isImpliedType(value: unknown): value is ImpliedType {
  return typeof value === 'string' && Object.hasOwn(MAKERS, value);
}

/** What a payload says that it is, whether it is that or not. */
export function impliedType(payload: unknown): ImpliedType | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { predicateType } = payload as { predicateType?: unknown };
  return (Object.keys(MAKERS) as ImpliedType[]).find((type) => PREDICATE[type] === predicateType) ?? null;
}

/** The statement with its members in canonical order. Throws anything for a predicate that is none of this type. */
export function impliedStatement(type: ImpliedType, predicate: unknown): object {
  const { _type, predicateType, subject } = MAKERS[type](predicate);
  return { _type, predicate, predicateType, subject: subject.map(({ digest, name }) => ({ digest, name })) };
}

/** The keyid that a predicate names as its signer: the rebuilder's. Null where it names none. */
export function impliedSigner(type: ImpliedType, predicate: unknown): string | null {
  if (type !== 'observation' || typeof predicate !== 'object' || predicate === null) return null;
  const { rebuilder } = predicate as { rebuilder?: unknown };
  return typeof rebuilder === 'string' ? rebuilder : null;
}
