/**
 * A log that lies in its index: the real one's entries under the real one's key, with a last index root that is not theirs, cosigned by a
 * witness that it bribed. Its argument is JSON, `LyingOptions`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LogReader, openSource } from '@verbatim/client';
import { lookupKey, type Pair } from '@verbatim/index-map';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import { makeControl, type Lookup } from '@verbatim/statements';
import { indexLookups, indexPairs, indexRoot, InMemoryLog, proveLookup } from '@verbatim/testkit';
import { fromHex, parseVkey, toHex, toBase64, utf8Decode } from '@verbatim/tlog';
import { sayReady } from './_spawn.ts';

export interface LyingOptions {
  readonly upstream: string;
  readonly vkey: string;
  readonly keyFile: string;
  readonly witnessKeyFile: string;
  /** This entry stands nowhere in the index; null: the index is right, and its root is not. */
  readonly hidden: number | null;
}

const options = JSON.parse(process.argv[2]!) as LyingOptions;
const reader = new LogReader({ source: await openSource(options.upstream), logKey: parseVkey(options.vkey) });
const { tree } = await reader.latest();
const entries: Uint8Array[] = [];
for await (const { entry } of tree.entries(0n)) entries.push(entry);
await reader.source.close();

const signer = loadSigner(options.keyFile);
const log = new InMemoryLog({ origin: signer.name, signer, witnesses: [loadSigner(options.witnessKeyFile)] });
const logged = entries.slice(0, -1);
for (const entry of logged) log.add(entry);
const isHidden = (index: number): boolean => index === options.hidden;
const shown = indexLookups(logged, log.origin).filter(({ index }) => !isHidden(index));
/** Of an index that is right, but for what is hidden. */
const pairs: Pair[] = indexPairs(logged, log.origin).filter(({ key }) => !isHidden(Number(Buffer.from(key).readBigUInt64BE(32))));
const root = options.hidden === null ? 'ab'.repeat(32) : toHex(indexRoot(pairs));
log.addStatement(makeControl({ action: 'index-root', origin: log.origin, size: logged.length, root }), signer);

function checkpoint(): Uint8Array {
  return log.checkpoint({ timestamp: Math.floor(Date.now() / 1000) });
}

function answerIndex(query: string): string {
  const lookups = new URLSearchParams(query).getAll('lookup').map((wanted) => {
    const under = shown.filter(({ lookup: { type, value } }) => toHex(lookupKey(type, value)) === wanted);
    const lookup: Lookup | undefined = under[0]?.lookup;
    if (lookup === undefined) throw new Error(`nothing is logged under ${toHex(fromHex(wanted))}`);
    return { lookup: wanted, entries: under.map(({ index }) => index), proof: toBase64(proveLookup(pairs, lookup)) };
  });
  return JSON.stringify({ checkpoint: utf8Decode(checkpoint()), lookups });
}

const server = createServer((request, response) => {
  const [path = '', query = ''] = request.url!.slice(1).split('?');
  const body = path === 'index' ? answerIndex(query) : path === 'checkpoint' ? checkpoint() : log.read(path);
  response.writeHead(body === null ? 404 : 200).end(body);
});
server.listen(0, '127.0.0.1', () => sayReady((server.address() as AddressInfo).port));
