/** A program of the attackers' as a process of its own, which says where it listens as services do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Attacker extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** @param program beside this file @param options what its argument says, as JSON */
export async function spawnAttacker(program: string, options: unknown): Promise<Attacker> {
  const main = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return {
      url,
      pid: child.pid!,
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  }
  throw new Error(`${program} ended with ${String((await ended)[0])} before it listened`);
}

/** What such a program prints once it listens on a port of the loopback. */
export function sayReady(port: number): void {
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
}
