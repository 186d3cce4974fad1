import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readDebControl } from './deb.ts';

const folder = mkdtempSync(join(tmpdir(), 'verbatim-deb-'));
afterAll(() => rmSync(folder, { recursive: true }));

const CONTROL = `Package: tool\nVersion: 1:2.0-1+b1\nArchitecture: amd64\nSource: other (2.0-1)\nMaintainer: A <a@example.org>\nX-Cargo-Built-Using: rust-a (= 1),\n rust-b (= 2)\nDescription: a tool\n`;

/** Made by dpkg-deb itself. */
function deb(compression: string): Uint8Array {
  mkdirSync(join(folder, 'tool/DEBIAN'), { recursive: true });
  writeFileSync(join(folder, 'tool/DEBIAN/control'), CONTROL);
  const file = join(folder, `${compression}.deb`);
  execFileSync('dpkg-deb', [`-Z${compression}`, '--uniform-compression', '--build', join(folder, 'tool'), file], { stdio: 'ignore' });
  return readFileSync(file);
}

describe('Debian packages', () => {
  test.each(['xz', 'gzip', 'none'])('the control file is read (%s)', async (compression) => {
    const control = await readDebControl(deb(compression));
    expect(control?.get('Version')).toBe('1:2.0-1+b1');
    expect(control?.get('X-Cargo-Built-Using')).toBe('rust-a (= 1), rust-b (= 2)');
  });

  test('what is no package is none, and what is broken says so', async () => {
    expect(await readDebControl(Buffer.from('\x7fELF'))).toBeNull();
    expect(await readDebControl(Buffer.from('!<arch>\n'))).toBeNull();
    const whole = deb('xz');
    for (const length of [100, 150, 200, whole.length - 200]) {
      await expect(readDebControl(whole.subarray(0, length))).rejects.toMatchObject({ name: 'BinaryError' });
    }
  });
});
