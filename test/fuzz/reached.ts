/**
 * Which functions of the product run when every target is given its seeds and some mutations of them: prints `owner/function`, one a line, where the
 * owner is a package or a service. A program of its own, as what is imported before counting begins is not counted.
 */
import { Session } from 'node:inspector/promises';

const RUNS = 60;
const SEED = 5;
const PRODUCT = /\/(?:packages|services)\/([a-z-]+)\/src\/(?!.*\.test\.ts$).*\.ts$/;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
const { fuzz, judge } = await import('./fuzz.ts');
const { TARGETS } = await import('./targets/index.ts');
for (const target of TARGETS) {
  for (const seed of [...target.seeds, ...(target.others ?? [])]) await judge(target, seed);
  const { failure } = await fuzz(target, { runs: RUNS, seed: SEED });
  if (failure !== null) throw failure.error;
  await target.close?.();
}
const { result } = await session.post('Profiler.takePreciseCoverage');
const found = new Set<string>();
for (const { url, functions } of result) {
  const owner = PRODUCT.exec(url)?.[1];
  if (owner === undefined) continue;
  for (const { functionName, ranges } of functions) if (functionName !== '' && ranges[0]!.count > 0) found.add(`${owner}/${functionName}`);
}
process.stdout.write(`${[...found].toSorted().join('\n')}\n`);
