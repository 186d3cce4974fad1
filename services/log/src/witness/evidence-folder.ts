import { join } from 'node:path';
import type { Durable } from '@verbatim/service-kit';
import { sha256, toHex, utf8Encode } from '@verbatim/tlog';
import type { Evidence } from './ask.ts';

/** `<data_dir>/evidence`: one JSON file for each thing that a witness held against this log, named by its content. */
export class EvidenceFolder {
  readonly #path: string;
  readonly #durable: Durable;

  constructor(path: string, durable: Durable) {
    this.#path = path;
    this.#durable = durable;
  }

  /** Durable when it resolves; the same evidence twice is one file. @returns its path */
  async save(
    kind: 'split-view' | 'proof-refused',
    witness: { readonly name: string; readonly vkey: string; readonly url: string },
    evidence: Evidence,
  ): Promise<string> {
    const content = utf8Encode(`${JSON.stringify({ kind, witness, ...evidence }, null, 2)}\n`);
    const path = join(this.#path, `${kind}-${toHex(sha256(content)).slice(0, 16)}.json`);
    await this.#durable.makeFolder(this.#path);
    await this.#durable.writeImmutable(path, content);
    return path;
  }
}
