/**
 * `npm run test:vectors -- FOLDER`: foreign test vectors that no registry serves, decided by Node, by a browser's bundle and by a real browser,
 * Chromium (without `--chromium`, not by that). Prints a line for each suite and ends with `N passed, M failed`; exits 1 when anything failed, 2
 * when there is nothing to run.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { askChromium } from './_chromium.ts';
import { ed25519Questions, readCctv, runEd25519 } from './_ed25519.ts';
import { merkleQuestions, runMerkle } from './_merkle.ts';
import { runMpt } from './_mpt.ts';
import type { Answer, Question } from './_questions.ts';
import type { Tally } from './_tally.ts';

interface Suite {
  readonly run: (folder: string, answers: readonly Answer[]) => Tally[];
  /** For the real browser. */
  readonly questions?: (folder: string) => Question[];
}

const cctv = (folder: string): ReturnType<typeof readCctv> => readCctv(readFileSync(join(folder, 'cctv.json'), 'utf8'));

/** Folders of FOLDER, and what runs them. */
const SUITES: Record<string, Suite> = {
  merkle: { run: runMerkle, questions: merkleQuestions },
  ed25519: {
    run: (folder, answers) => [runEd25519('ed25519/cctv.json', cctv(folder), answers)],
    questions: (folder) => ed25519Questions(cctv(folder)),
  },
  mpt: { run: runMpt },
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { chromium: { type: 'boolean', default: false } } });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) {
    return refuse(
      `expected one argument, the folder of the vectors, found ${positionals.length}: npm run test:vectors -- "$VERBATIM_VECTORS"`,
    );
  }
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return refuse(`expected a folder at '${folder}', found none; set VERBATIM_VECTORS to the folder that holds them`);
  }
  const tallies: Tally[] = [];
  for (const [name, suite] of Object.entries(SUITES)) tallies.push(...(await runSuite(name, suite, join(folder, name), values.chromium)));
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
async function runSuite(name: string, { run, questions }: Suite, folder: string, inChromium: boolean): Promise<Tally[]> {
  try {
    const asked = inChromium && questions !== undefined ? questions(folder) : [];
    const answers = asked.length === 0 ? [] : await askChromium(asked);
    if (answers.length !== asked.length) throw new Error(`expected ${asked.length} answers of Chromium, found ${answers.length}`);
    return run(folder, answers);
  } catch (error) {
    return [{ name, passed: 0, failures: [`${name}: ${error instanceof Error ? error.message : String(error)}`] }];
  }
}

function refuse(message: string): number {
  console.error(`foreign test vectors: ${message}`);
  return 2;
}

process.exitCode = await main();
