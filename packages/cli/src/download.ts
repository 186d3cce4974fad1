import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parsePurl } from '@verbatim/statements';
import { CliError, describeError } from './errors.ts';
import { MAX_FILE_IN_MEMORY } from './files.ts';
import { VerdictError } from './verify/trouble.ts';

const MAX_REDIRECTS = 5;
const STALL_MS = 60_000;

/** The bytes at an http(s) address. The user's proxy variables are honoured. Throws VerdictError `unavailable` when they cannot be had. */
export async function download(address: string): Promise<Uint8Array> {
  const url = URL.parse(address);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new CliError('usage', `expected an http(s) address or a purl, found ${JSON.stringify(address)}`);
  }
  const { EnvHttpProxyAgent, interceptors, request } = await import('undici');
  const agent = new EnvHttpProxyAgent({ headersTimeout: STALL_MS, bodyTimeout: STALL_MS });
  try {
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTS }));
    const { statusCode, body } = await request(url, { dispatcher, headers: { 'user-agent': 'verbatim' } });
    if (statusCode !== 200) throw new VerdictError('unavailable', 'bad-status', `${url.href}: expected status 200, found ${statusCode}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > MAX_FILE_IN_MEMORY)
        throw new VerdictError('unavailable', 'too-large', `${url.href}: more than ${MAX_FILE_IN_MEMORY} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } catch (cause) {
    if (cause instanceof VerdictError) throw cause;
    throw new VerdictError('unavailable', 'unreachable', `${url.href}: ${describeError(cause)}`, { cause });
  } finally {
    await agent.destroy();
  }
}

/**
 * Where the npm package of a purl is: the user's own npm is asked, so that its registry and settings hold. A registry that wants
 * credentials for the file itself is not supported.
 */
export async function npmTarball(purl: string): Promise<string> {
  const { type, namespace, name, version, qualifiers, subpath } = parsePurl(purl);
  if (
    type !== 'npm' ||
    version === null ||
    qualifiers.length > 0 ||
    subpath !== null ||
    !/^[0-9]+\.[0-9]+\.[0-9]+([+-][0-9A-Za-z.+-]+)?$/.test(version)
  ) {
    throw new CliError(
      'usage',
      `expected an npm package with an exact version, such as pkg:npm/esbuild@0.25.0, found ${JSON.stringify(purl)}`,
    );
  }
  const spec = `${namespace === null ? '' : `${namespace}/`}${name}@${version}`;
  let stdout: string;
  try {
    ({ stdout } = await promisify(execFile)('npm', ['view', '--json', '--', spec, 'dist.tarball'], { timeout: STALL_MS }));
  } catch (cause) {
    const reason = npmReason(cause);
    if (reason === null) throw new VerdictError('unavailable', 'unreachable', `npm view ${spec} failed`, { cause });
    throw new VerdictError('unavailable', 'unreachable', `npm view ${spec} failed: ${reason}`);
  }
  const found: unknown = stdout === '' ? null : JSON.parse(stdout);
  if (typeof found !== 'string') throw new VerdictError('unavailable', 'not-found', `npm knows no file of ${spec}`);
  return found;
}

/** With --json npm prints what is wrong as JSON, too, and on stderr a page about it. Null when it said nothing of the kind. */
function npmReason(failure: unknown): string | null {
  try {
    const { error } = JSON.parse((failure as { stdout: string }).stdout) as { error: { code: unknown; summary: unknown } };
    return typeof error.summary === 'string' ? `${error.summary} (${String(error.code)})` : null;
  } catch {
    return null;
  }
}
