// Test helper: an npm registry on loopback with one package that holds one file; the real npm client talks to it.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

export interface Registry extends AsyncDisposable {
  /** For the fetch stage's clients. */
  readonly environment: Readonly<Record<string, string>>;
  readonly tarball: Uint8Array;
  /** Tarballs served. */
  readonly downloads: () => number;
}

/** Serves `name`@`version` with `package.json` and one file. */
export async function startRegistry(name: string, version: string, path: string, content: Uint8Array): Promise<Registry> {
  const tar = pack();
  tar.entry({ name: 'package/package.json' }, JSON.stringify({ name, version }));
  tar.entry({ name: path, mode: 0o755 }, Buffer.from(content));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const tarball = gzipSync(Buffer.concat(chunks));
  let downloads = 0;
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (request.url === '/package.tgz') {
      downloads++;
      return void response.end(tarball);
    }
    if (request.url !== `/${name}`) return void response.writeHead(404).end();
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
    const described = { name, version, dist: { tarball: `http://127.0.0.1:${port}/package.tgz`, integrity } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: described } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' },
    tarball,
    downloads: () => downloads,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
