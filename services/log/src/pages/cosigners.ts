import { cosignatureTimes } from '../publication/age.ts';
import type { Publication } from '../publication/published.ts';
import type { LogConfig } from '../config.ts';

export type CosignerRole = 'witness' | 'index-witness' | 'mirror';

/** Somebody whom this log asks to cosign, and whether the published checkpoint has their line. */
export interface Cosigner {
  readonly name: string;
  readonly vkey: string;
  readonly role: CosignerRole;
  /** POSIX seconds by their own clock; null while they have not cosigned this checkpoint. */
  readonly cosignedAt: number | null;
}

/** In the order of the configuration. */
export function cosignersOf(
  { witnesses, mirrors }: Pick<LogConfig, 'witnesses' | 'mirrors'>,
  publication: Publication | null,
): readonly Cosigner[] {
  const times = publication === null ? [] : cosignatureTimes(publication);
  const cosigner = ({ key }: LogConfig['mirrors'][number], role: CosignerRole): Cosigner => ({
    name: key.name,
    vkey: key.text,
    role,
    cosignedAt: times.find(({ name, keyId }) => name === key.name && keyId === key.keyId)?.at ?? null,
  });
  return [
    ...witnesses.map((each) => cosigner(each, each.indexWitness ? 'index-witness' : 'witness')),
    ...mirrors.map((each) => cosigner(each, 'mirror')),
  ];
}
