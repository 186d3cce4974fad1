/**
 * `npm run test:vectors -- FOLDER`: foreign test vectors that no registry serves. Prints a line for each suite and ends
 * with `N passed, M failed`; exits 1 when anything failed, 2 when there is nothing to run.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readCctv, runEd25519 } from './_ed25519.ts';
import { runMerkle } from './_merkle.ts';
import { runMpt } from './_mpt.ts';
import type { Tally } from './_tally.ts';

/** Folders of FOLDER, and what runs them. */
const SUITES: Record<string, (folder: string) => Tally[]> = {
  merkle: runMerkle,
  ed25519: (folder) => [runEd25519('ed25519/cctv.json', readCctv(readFileSync(join(folder, 'cctv.json'), 'utf8')))],
  mpt: runMpt,
};

function main(arguments_: string[]): number {
  const folder = arguments_[0];
  if (folder === undefined || arguments_.length > 1) {
    return refuse(
      `expected one argument, the folder of the vectors, found ${arguments_.length}: npm run test:vectors -- "$VERBATIM_VECTORS"`,
    );
  }
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return refuse(`expected a folder at '${folder}', found none; set VERBATIM_VECTORS to the folder that holds them`);
  }
  const tallies = Object.entries(SUITES).flatMap(([name, run]) => runSuite(name, () => run(join(folder, name))));
  const others = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !Object.hasOwn(SUITES, entry.name));
  for (const { name } of others) tallies.push({ name, passed: 0, failures: [`${name}: no suite runs these vectors`] });
  let [passed, failed] = [0, 0];
  for (const { name, passed: some, failures, remark } of tallies) {
    console.log(`${name}: ${some} passed, ${failures.length} failed${remark === undefined ? '' : ` (${remark})`}`);
    for (const failure of failures) console.log(`  FAILED ${failure}`);
    passed += some;
    failed += failures.length;
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** A suite that cannot even be read has failed. */
function runSuite(name: string, run: () => Tally[]): Tally[] {
  try {
    return run();
  } catch (error) {
    return [{ name, passed: 0, failures: [`${name}: ${error instanceof Error ? error.message : String(error)}`] }];
  }
}

function refuse(message: string): number {
  console.error(`foreign test vectors: ${message}`);
  return 2;
}

process.exitCode = main(process.argv.slice(2));
