/**
 * A reverse proxy in front of a log, by which a follower takes one step at a time: its next look at the checkpoint is held back until it is let
 * through. What its submitter asks is told apart by order: there is one follower, so whoever asks while it is held is another.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A client gives up after five seconds and asks again: only while it is new is a look sure to be held for as long as a submission takes. */
const NEW_MS = 2500;

export class Gate implements AsyncDisposable {
  readonly #server: Server;
  #stepping = false;
  /** The follower's look that is held back, and since when. */
  #held: { readonly go: () => void; readonly at: number } | null = null;
  /** What waits until there is one. */
  #waiting: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(url: string): Promise<Gate> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gate = new Gate(server);
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => gate.#meet(asked, answer, () => pass(url, asked, answer)));
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything goes through. */
  open(): void {
    this.#stepping = false;
    this.letThrough();
    for (const go of this.#waiting.splice(0)) go();
  }

  /** From now on a step at a time. Resolves when the follower is held. */
  async step(): Promise<void> {
    this.#stepping = true;
    await this.#whenHeld();
  }

  /** Lets the follower look once. */
  letThrough(): void {
    const held = this.#held;
    this.#held = null;
    held?.go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #meet({ method, url }: IncomingMessage, answer: ServerResponse, go: () => void): void {
    if (!this.#stepping) return go();
    // An entry is handed in only while the follower is held: the look at the checkpoint that comes next is the submitter's.
    if (method === 'POST') return void this.#whenHeld(NEW_MS).then(() => answer.destroyed || go());
    if (url !== '/checkpoint' || this.#held !== null) return go();
    const held = { go, at: performance.now() };
    this.#held = held;
    // It has given up, or the process has ended.
    answer.on('close', () => {
      if (this.#held === held) this.#held = null;
    });
    for (const each of this.#waiting.splice(0)) each();
  }

  /** @param atMost milliseconds that it has been held for */
  async #whenHeld(atMost = Infinity): Promise<void> {
    while (this.#stepping && (this.#held === null || performance.now() - this.#held.at > atMost))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** Whichever side goes away, the other is let go. */
function pass(url: string, asked: IncomingMessage, answer: ServerResponse): void {
  const onward = request(
    url + asked.url!,
    { method: asked.method!, headers: { ...asked.headers, host: new URL(url).host } },
    (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    },
  );
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}
