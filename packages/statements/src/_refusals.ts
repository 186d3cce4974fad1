/** Test helpers: a valid value with one place changed, and how it is refused. */
import { expect } from 'vitest';
import { StatementError } from './errors.ts';

/** A deep copy with `replacement` at the path (`a.b[0].c`); `undefined` removes the key. */
export function changed(value: unknown, path: string, replacement: unknown): unknown {
  // By way of JSON: structuredClone keeps shared parts shared.
  const copy: unknown = JSON.parse(JSON.stringify(value));
  const steps = path.match(/[^.[\]]+/g)!;
  let parent = copy as Record<string, unknown>;
  for (const step of steps.slice(0, -1)) parent = parent[step] as Record<string, unknown>;
  const last = steps.at(-1)!;
  if (replacement === undefined) delete parent[last];
  else parent[last] = replacement;
  return copy;
}

/** `code at`, as in `bad-schema predicate.part`; `accepted` when nothing is thrown. Anything but a StatementError fails the test. */
export function outcome(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    expect(error).toBeInstanceOf(StatementError);
    const { code, at } = error as StatementError;
    return at === '' ? code : `${code} ${at}`;
  }
}
