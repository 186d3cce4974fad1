/** Test-only: what was seen, printed as the table that the docs have. */
import { afterAll } from 'vitest';

/** Collects rows, and prints them when the file's tests are over. */
export function seenTable(title: string): (name: string, reported: string, seconds: number) => void {
  const rows: string[] = [];
  afterAll(() => console.log([`\n${title}`, ...rows].join('\n')));
  return (name, reported, seconds) => rows.push(`  ${name.padEnd(20)} ${reported.padEnd(42)} ${seconds.toFixed(1)} s`);
}
