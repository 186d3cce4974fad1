import { randomInt } from 'node:crypto';

export interface LoopbackAddress {
  readonly host: string;
  readonly port: number;
  /** Without a trailing slash. */
  readonly url: string;
}

/**
 * Where a service is to listen that others must know before it starts, or that is started again there. A port of 127.0.0.1 that was free a moment
 * ago may be taken by then, if only by the near end of somebody's connection; on a host of the loopback that nobody else uses, and below the
 * ports that systems hand out, none is.
 */
export function aLoopbackAddress(): LoopbackAddress {
  const host = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
  const port = randomInt(10_000, 30_000);
  return { host, port, url: `http://${host}:${port}` };
}
