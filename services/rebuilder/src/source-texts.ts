import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Far above the sources of a program; generated tables may be left out. */
const MAX_FILE = 1024 * 1024;
const MAX_TOTAL = 32 * 1024 * 1024;

/**
 * The source files below a folder as text, so that a constant of the source is not taken for a value of the build. At most 32 MiB, each file at
 * most 1 MiB; links are not followed.
 */
export async function readSourceTexts(root: string | undefined): Promise<string[]> {
  if (root === undefined) return [];
  const texts: string[] = [];
  let total = 0;
  const queue = [root];
  for (let folder = queue.pop(); folder !== undefined && total < MAX_TOTAL; folder = queue.pop()) {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) queue.push(path);
      if (!entry.isFile()) continue;
      const text = await readText(path);
      total += text.length;
      if (total <= MAX_TOTAL) texts.push(text);
    }
  }
  return texts;
}

async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    return size > MAX_FILE ? '' : await file.readFile('latin1');
  } finally {
    await file.close();
  }
}
