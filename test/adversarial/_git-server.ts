/** Test-only: repositories over https on loopback, as plain files (git's dumb protocol), with a certificate of their own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

export interface GitServer extends AsyncDisposable {
  /** Of a repository below the served folder. */
  urlOf(name: string): string;
  /** What GIT_SSL_CAINFO must name. */
  readonly certificate: string;
}

/** Serves the repositories in `folder`, each with its work tree; the certificate is written beside them. */
export async function serveGit(folder: string): Promise<GitServer> {
  const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    const path = join(folder, normalize(new URL(request.url!, 'https://localhost').pathname));
    if (!path.includes('/.git/') || !statSync(path, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    return response.end(readFileSync(path));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (name) => `https://localhost:${port}/${name}/.git`,
    certificate,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
