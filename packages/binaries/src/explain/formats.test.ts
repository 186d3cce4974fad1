import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GoModuleFolder, HELLO, bytesOf } from '../_go-programs.ts';
import { bytes } from './_elf.ts';
import { explain } from './explain.ts';
import { CODE_SIGNATURE, loadCommands } from './parts-macho.ts';
import { partsOf } from './parts.ts';
import { peFields } from './parts-pe.ts';

let folder: GoModuleFolder;
beforeAll(() => {
  folder = new GoModuleFolder(HELLO);
});
afterAll(() => folder[Symbol.dispose]());

const build = (target: string, ldflags = '-s -w') =>
  bytesOf(
    folder.build(
      { target, flags: ['-trimpath', '-buildvcs=false', `-ldflags=${ldflags}`] },
      `${target.replace('/', '-')}${ldflags.length}`,
    ),
  );

/** The same file with the letters of its message changed: another constant of the source. */
function otherMessage(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  const at = Buffer.from(copy).indexOf('hello');
  copy.set(bytes('HELLO'), at);
  return copy;
}

describe('programs of the Go linker for every format', { timeout: 120_000 }, () => {
  test.each(['linux/amd64', 'linux/s390x', 'darwin/arm64', 'darwin/amd64', 'windows/amd64', 'windows/386', 'js/wasm'])(
    'for %s another spelling of -ldflags leaves identifiers only, and a changed constant is not one',
    (target) => {
      const [a, b] = [build(target, '-s -w'), build(target, '-w  -s')];
      const explanation = explain(a, b);
      expect(explanation, JSON.stringify(explanation.parts)).toMatchObject({
        class: 'identical-except-ids',
        causes: [{ code: 'ldflags' }],
      });
      expect(explain(a, otherMessage(b)).class).toBe('unexplained');
      expect(explain(otherMessage(a), a).class).toBe('unexplained');
    },
  );

  test.each(['darwin/arm64', 'windows/amd64', 'js/wasm'])('for %s symbols that were left in are named, though not as a proof', (target) => {
    const explanation = explain(build(target, ''), build(target));
    expect(explanation.class).toBe('unexplained');
    expect(explanation.causes[0]).toMatchObject({ code: 'stripped', certainty: 'likely' });
  });

  test('a program for another platform is named as such', () => {
    const explanation = explain(build('linux/amd64'), build('darwin/arm64'));
    expect(explanation).toMatchObject({
      class: 'unexplained',
      causes: [{ code: 'target', subject: 'elf linux/amd64 and macho darwin/arm64' }],
    });
  });
});

describe('code signatures', { timeout: 120_000 }, () => {
  /** As signtool does: the table behind the file, its place and the new checksum in the headers. */
  function signedPe(file: Uint8Array): Uint8Array {
    const table = bytes('certificates of the publisher....');
    const signed = new Uint8Array(file.length + table.length);
    signed.set(file);
    signed.set(table, file.length);
    const { securityAt, checksumAt } = peFields(file);
    const view = new DataView(signed.buffer);
    view.setUint32(securityAt, file.length, true);
    view.setUint32(securityAt + 4, table.length, true);
    view.setUint32(checksumAt, 0x12345678, true);
    return signed;
  }

  test('a signed Windows program is the unsigned one but for its signature', () => {
    const file = build('windows/amd64');
    expect(explain(signedPe(file), file)).toMatchObject({ class: 'explained', causes: [{ code: 'code-signature', certainty: 'proven' }] });
    expect(explain(signedPe(otherMessage(file)), file)).toMatchObject({ class: 'unexplained', causes: [{ code: 'code-signature' }] });
  });

  test('a certificate table that points into the program is no signature', () => {
    const file = build('windows/amd64');
    const lying = otherMessage(file);
    const { securityAt } = peFields(lying);
    const view = new DataView(lying.buffer);
    view.setUint32(securityAt, Buffer.from(lying).indexOf('HELLO'), true);
    view.setUint32(securityAt + 4, 5, true);
    expect(explain(lying, file)).toMatchObject({ class: 'unexplained', parts: [{ name: 'file' }] });
  });

  test('a Mach-O program signed with a key is the ad-hoc signed one but for its signature', () => {
    const file = build('darwin/arm64');
    const signature = partsOf(file).find(({ name }) => name === CODE_SIGNATURE)!;
    // A superblob of two members is more than the code directory alone that the linker writes.
    const signed = file.slice();
    new DataView(signed.buffer).setUint32(signature.start + 8, 2);
    signed.fill(0x5a, signature.start + 64, signature.start + 96);
    expect(explain(signed, file)).toMatchObject({ class: 'explained', causes: [{ code: 'code-signature' }] });
    expect(explain(otherMessage(signed), file).class).toBe('unexplained');
  });

  test('an ad-hoc signature that differs by itself, with nothing signed that does, is not explained', () => {
    const file = build('darwin/arm64');
    const signature = partsOf(file).find(({ name }) => name === CODE_SIGNATURE)!;
    const changed = file.slice();
    changed[signature.end - 40]! ^= 1;
    expect(explain(changed, file).class).toBe('unexplained');
  });

  test('a UUID is an identifier of Mach-O files, another load command is not', () => {
    const file = build('darwin/arm64');
    const { commands } = loadCommands(file);
    const change = (at: number) => {
      const copy = file.slice();
      copy[at]! ^= 1;
      return copy;
    };
    const uuid = commands.find(({ kind }) => kind === 0x1b);
    if (uuid !== undefined) expect(explain(change(uuid.at + 10), file).class).toBe('identical-except-ids');
    const version = commands.find(({ kind }) => kind === 0x32)!;
    expect(explain(change(version.at + 12), file).class).toBe('unexplained');
  });
});
