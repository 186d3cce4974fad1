/** The line scripts of torchwood's `mpt/testdata`: roots of sets, and proofs of presence and absence. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as indexMap from '@verbatim/index-map';
import type { Pair } from '@verbatim/index-map';
import { fromHex, toHex } from '@verbatim/tlog';
import { browser } from './_browser.ts';
import { tally, type Case, type Tally } from './_tally.ts';

const IMPLEMENTATIONS = [indexMap, browser.indexMap];

const SUITES: Record<string, (lines: readonly string[]) => Case[]> = { 'treehash.txt': readRoots, 'lookup.txt': readLookups };

/** One tally for each file. A file of ours that is missing, and one of theirs that we do not know, fail. */
export function runMpt(folder: string): Tally[] {
  const unknown = readdirSync(folder).filter((name) => !Object.hasOwn(SUITES, name));
  const tallies = Object.entries(SUITES).map(([name, read]) => tally(`mpt/${name}`, read(scriptLines(join(folder, name)))));
  return [...tallies, ...unknown.map((name) => ({ name: `mpt/${name}`, passed: 0, failures: [`mpt/${name}: no suite runs these`] }))];
}

/** `kv KEY VALUE` adds a pair; `hash ROOT` is the root of the pairs since the last one. */
function readRoots(lines: readonly string[]): Case[] {
  const cases: Case[] = [];
  let pairs: Pair[] = [];
  for (const line of lines) {
    const [command, ...words] = line.split(/\s+/);
    if (command === 'kv' && words.length === 2) {
      pairs.push({ key: bytes(words[0]!), value: bytes(words[1]!) });
    } else if (command === 'hash' && words.length === 1) {
      const set = pairs;
      cases.push({
        name: `#${cases.length}`,
        run() {
          const found = IMPLEMENTATIONS.map(({ rootOfPairs }) => toHex(rootOfPairs(set)));
          return found.every((root) => root === words[0]) ? null : `expected ${words[0]}, found ${found.join(' and ')}`;
        },
      });
      pairs = [];
    } else {
      throw new Error(`expected "kv" or "hash", found ${JSON.stringify(line)}`);
    }
  }
  if (pairs.length > 0) throw new Error('expected "hash" after the last "kv"');
  return cases;
}

/** `snap`, `key`, `val` (`-` is absent) and `proof` are kept until they are set again; `verify` is one case. */
function readLookups(lines: readonly string[]): Case[] {
  const cases: Case[] = [];
  const state = { snap: '', key: '', val: '', proof: '' };
  for (const line of lines) {
    const command = line.split(' ', 1)[0]!;
    const text = line.slice(command.length + 1);
    if (Object.hasOwn(state, command)) {
      state[command as keyof typeof state] = text;
    } else if (command === 'verify' && /^(?:true|false)$/.test(text)) {
      const { snap, key, val, proof } = state;
      cases.push({
        name: `#${cases.length}`,
        run() {
          const found = IMPLEMENTATIONS.map(({ verifyAbsence, verifyPresence }) =>
            val === '-'
              ? verifyAbsence(bytes(snap), bytes(key), bytes(proof))
              : verifyPresence(bytes(snap), { key: bytes(key), value: bytes(val) }, bytes(proof)),
          );
          return found.every((verified) => String(verified) === text) ? null : `expected ${text}, found ${found.join(' and ')}`;
        },
      });
    } else {
      throw new Error(`expected a command of these scripts, found ${JSON.stringify(line)}`);
    }
  }
  return cases;
}

/** Lines without comments; one that ends in a backslash goes on in the next. */
function scriptLines(file: string): string[] {
  const lines = readFileSync(file, 'utf8')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

function bytes(text: string): Uint8Array {
  return text === "''" ? new Uint8Array(0) : fromHex(text.replaceAll(' ', ''));
}
