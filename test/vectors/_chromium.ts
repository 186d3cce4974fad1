/** A real browser: Chromium, headless, with a page of the verifying packages, bundled as for any site. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Answer, Question } from './_questions.ts';

/** As root it has no sandbox; and it is to ask nobody on the network for anything. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

async function bundlePage(): Promise<string> {
  const bundle = await rolldown({ input: fileURLToPath(new URL('_page.ts', import.meta.url)), platform: 'browser' });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  const [chunk, ...more] = output;
  const imports = [...chunk.imports, ...chunk.dynamicImports];
  if (more.length > 0 || imports.length > 0) throw new Error(`expected one file that asks for no other; found ${imports.join(', ')}`);
  return chunk.code;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** What the page decides, in the order of the questions. Throws when Chromium ends before it has answered. */
export async function askChromium(questions: readonly Question[]): Promise<Answer[]> {
  const script = await bundlePage();
  const { promise: answered, resolve, reject } = Promise.withResolvers<Answer[]>();
  const files: Readonly<Record<string, readonly [type: string, content: string]>> = {
    '/': ['text/html', '<!doctype html><script type="module" src="page.js"></script>'],
    '/page.js': ['text/javascript', script],
    '/questions': ['application/json', JSON.stringify(questions)],
  };
  const server = createServer((request, response) => {
    const file = files[request.url!];
    if (file === undefined) response.writeHead(204).end();
    else response.writeHead(200, { 'content-type': file[0] }).end(file[1]);
    if (request.url === '/answers') textOf(request).then((text) => resolve(JSON.parse(text) as Answer[]), reject);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const profile = await mkdtemp(join(tmpdir(), 'verbatim-chromium-'));
  const { port } = server.address() as AddressInfo;
  const browser = spawn('chromium', [...FLAGS, `--user-data-dir=${profile}`, '--remote-debugging-port=0', `http://127.0.0.1:${port}/`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // With a group of its own: it has many processes.
    detached: true,
  });
  let said = '';
  browser.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  browser.once('error', (cause) => reject(new Error('chromium does not start: run test/setup.sh', { cause })));
  const closed = once(browser, 'close').then(() => reject(new Error(`chromium ended before the page had answered:\n${said.slice(-4000)}`)));
  try {
    return await answered;
  } finally {
    if (browser.pid !== undefined && browser.exitCode === null) process.kill(-browser.pid, 'SIGKILL');
    await closed.catch(() => {});
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
