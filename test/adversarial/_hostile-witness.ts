/**
 * Witnesses that do what their addresses begin with: `/two-histories/bribed/add-checkpoint` cosigns whatever it is sent, with the key
 * `bribed`. Its argument is JSON: `folder`, with a file `<name>.key` for each.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSigner } from '@verbatim/service-kit/keyfile';
import { cosign, formatSignatureLine, parseAddCheckpoint, parseNote, type Signer } from '@verbatim/tlog';
import { sayReady } from './_spawn.ts';

const SLOW_MS = 60_000;
const A_YEAR = 365 * 24 * 3600;

/** How it answers one request: status, body. */
type Answer = readonly [status: number, body: string];

const { folder } = JSON.parse(process.argv[2]!) as { folder: string };
const now = (): number => Math.floor(Date.now() / 1000);

function lineAt(request: Buffer, signer: Signer, timestamp: number): string {
  const { text } = parseNote(parseAddCheckpoint(request).checkpoint);
  return formatSignatureLine(cosign(text, signer, BigInt(timestamp)));
}

const BEHAVIOURS: Readonly<Record<string, (request: Buffer, signer: Signer) => Answer | Promise<Answer>>> = {
  /** It asks for no proof that the log only grew. */
  'two-histories': (request, signer) => [200, lineAt(request, signer, now())],
  slow: async (request, signer) => {
    await sleep(SLOW_MS);
    return [200, lineAt(request, signer, now())];
  },
  'size-ahead': () => [409, '999999999\n'],
  /** It wants the same proof again and again. */
  'size-behind': () => [409, '1\n'],
  forged: (request, signer) => [200, lineAt(Buffer.from(request.toString('latin1').replace(/\n\d+\n/, '\n1\n'), 'latin1'), signer, now())],
  future: (request, signer) => [200, lineAt(request, signer, now() + A_YEAR)],
  endless: () => [200, 'x'.repeat(32 * 1024 * 1024)],
};

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const [, behaviour = '', name = ''] = request.url!.split('/');
  const [status, body] = await BEHAVIOURS[behaviour]!(Buffer.concat(chunks), loadSigner(join(folder, `${name}.key`)));
  response.writeHead(status, { 'content-type': status === 409 ? 'text/x.tlog.size' : 'text/plain' }).end(body);
});
server.listen(0, '127.0.0.1', () => sayReady((server.address() as AddressInfo).port));
