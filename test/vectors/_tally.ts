/** Counting vectors. A suite that finds no case has failed: nothing passes by being absent. */

export interface Tally {
  name: string;
  passed: number;
  failures: string[];
  /** What a reader should know about the numbers. */
  remark?: string;
}

export interface Case {
  name: string;
  /** Null when the case passes, else what is wrong. */
  run(): string | null;
}

/** Runs every case; an exception is a failure of its case. */
export function tally(name: string, cases: readonly Case[]): Tally {
  const failures: string[] = [];
  for (const test of cases) {
    let problem: string | null;
    try {
      problem = test.run();
    } catch (error) {
      problem = `threw ${error instanceof Error ? error.message : String(error)}`;
    }
    if (problem !== null) failures.push(`${test.name}: ${problem}`);
  }
  const passed = cases.length - failures.length;
  if (cases.length === 0) failures.push(`${name}: expected vectors, found none`);
  return { name, passed, failures };
}
