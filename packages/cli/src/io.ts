import { fstatSync, statSync, writeSync } from 'node:fs';

/** Where a command's words go, and what of the process it may look at. Results go to `out`, progress and complaints to `err`. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Colour only helps: symbols and words say the same without it. */
  readonly colour: boolean;
  /** Whether somebody watches `err`: only then is there progress to show. */
  readonly terminal?: boolean;
  now(): Date;
}

/** The process' own streams. Colour only on a terminal, and not when NO_COLOR is set (no-color.org). */
export function processIo(): Io {
  const { env } = process;
  return {
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    env,
    // Asking process.stdout loads Node's streams; a pipe, a file or /dev/null is no terminal anyway.
    terminal: mayBeTerminal(2),
    colour: (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb' && mayBeTerminal(1) && process.stdout.isTTY === true,
    now: () => new Date(),
  };
}

/** Writes at once and completely, or throws: an answer that was not delivered is an error. */
function writeAll(file: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(file, bytes, at);
    } catch (error) {
      // Somebody made the pipe non-blocking, and it is full.
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      // Nobody reads our complaints: that changes no verdict.
      else if (file === 2) return;
      else throw error;
    }
  }
}

/** A character device other than the null device: perhaps a terminal. */
function mayBeTerminal(file: number): boolean {
  try {
    const stat = fstatSync(file);
    return stat.isCharacterDevice() && stat.rdev !== statSync('/dev/null', { throwIfNoEntry: false })?.rdev;
  } catch {
    return false;
  }
}

const COLOURS = { green: 32, red: 31, yellow: 33, dim: 2, bold: 1 } as const;

export function paint(io: Io, colour: keyof typeof COLOURS, text: string): string {
  return io.colour ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
}

/** Text of others, fit for a terminal: control and bidirectional characters are shown as escapes. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
