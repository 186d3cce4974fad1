import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** The commands of the README's `sh` blocks, a line each, comments dropped. They are run as they stand (see main-job.test.ts). */
export async function readmeCommands(): Promise<string[]> {
  const text = await readFile(`${REPOSITORY}README.md`, 'utf8');
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .flatMap(([, block]) => block!.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line !== '');
}
