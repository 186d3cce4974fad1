import { orElse } from '../errors.ts';
import { readImages } from '../identify.ts';
import type { Image } from '../layout.ts';
import { Reader, ascii, indexOfBytes } from '../reader.ts';
import { causeOf, versus } from './causes.ts';
import type { Ledger } from './ledger.ts';
import { CODE_SIGNATURE, LOAD_COMMANDS, loadCommands } from './parts-macho.ts';
import { isAdHoc } from './derived.ts';
import { CERTIFICATES, PE_HEADERS, peFields } from './parts-pe.ts';
import type { Cause, Coverage } from './types.ts';

const DEBUG_OR_SYMBOLS = /^\.(symtab|strtab|z?debug_\w+)$/;

/** Symbols and debug information that only one file has: what is never loaded cannot change what the program does. */
export function settleStripped(ledger: Ledger): Cause[] {
  const covers: Coverage[] = [];
  for (const pair of ledger.pairs) {
    if (pair.loaded || !DEBUG_OR_SYMBOLS.test(pair.name)) continue;
    if ((pair.published === null) === (pair.rebuilt === null)) continue;
    const cover = ledger.settle(pair, 'all', 'proven');
    if (cover !== null) covers.push(cover);
  }
  if (covers.length === 0) return [];
  const side = ledger.pairs.some(({ name, published }) => name === covers[0]!.part && published === null) ? 'rebuilt' : 'published';
  return [
    causeOf('stripped', { proven: true, covers, evidence: [`only the ${side} file has ${covers.map(({ part }) => part).join(', ')}`] }),
  ];
}

/** Where everything counts as loaded (Mach-O, PE, wasm), symbols or debug information on one side only are a lead. */
export function strippedLeads(published: Uint8Array, rebuilt: Uint8Array): Cause[] {
  const [a, b] = [published, rebuilt].map((bytes) => orElse(() => readImages(bytes)[0], undefined));
  if (a === undefined || b === undefined) return [];
  const hasDebug = ({ sections }: Image) => sections.some(({ name }) => /^(\.|__)z?debug_/.test(name));
  const says = (has: boolean | null) => (has === null ? null : has ? 'yes' : 'no');
  const facts: string[] = [];
  if (a.symbols !== b.symbols) facts.push(versus('symbols', says(a.symbols), says(b.symbols)));
  if (hasDebug(a) !== hasDebug(b)) facts.push(versus('debug information', says(hasDebug(a)), says(hasDebug(b))));
  return facts.length === 0 ? [] : [causeOf('stripped', { evidence: facts })];
}

const UPX = ascii('UPX!');
/** Where the packer leaves its mark: behind the headers and before the end. */
const UPX_WINDOW = 4096;

export function compressedCauses(published: Uint8Array, rebuilt: Uint8Array): Cause[] {
  const [a, b] = [published, rebuilt].map(
    (bytes) => indexOfBytes(bytes, UPX, 0, UPX_WINDOW) >= 0 || indexOfBytes(bytes.subarray(-UPX_WINDOW), UPX) >= 0,
  );
  if (a === b) return [];
  return [causeOf('compressed', { subject: 'UPX', evidence: [`only the ${a === true ? 'published' : 'rebuilt'} file has UPX’s mark`] })];
}

/** Signatures made with a key, which nobody else can reproduce: the certificate table of a PE file, the code signature of a Mach-O file. */
export function settleSignatures(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): Cause[] {
  const covers = [...peCovers(ledger, published, rebuilt), ...machoCovers(ledger, published, rebuilt)].filter((cover) => cover !== null);
  return covers.length === 0 ? [] : [causeOf('code-signature', { proven: true, covers, evidence: ['the code signatures differ'] })];
}

function peCovers(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): (Coverage | null)[] {
  const table = ledger.pair(CERTIFICATES);
  const headers = ledger.pair(PE_HEADERS);
  if (table === undefined) return [];
  const covers = [ledger.settle(table, 'all', 'proven')];
  const [a, b] = [peFields(published), peFields(rebuilt)];
  if (headers === undefined || a.checksumAt !== b.checksumAt || a.securityAt !== b.securityAt) return covers;
  const fields = [
    { start: a.checksumAt, end: a.checksumAt + 4 },
    { start: a.securityAt, end: a.securityAt + 8 },
  ];
  return [...covers, ledger.settle(headers, fields, 'derived')];
}

const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;

/** Both files are signed, one with a key: the signature, its size, and the size of the segment that holds it. */
function machoCovers(ledger: Ledger, published: Uint8Array, rebuilt: Uint8Array): (Coverage | null)[] {
  const signature = ledger.pair(CODE_SIGNATURE);
  const commands = ledger.pair(LOAD_COMMANDS);
  if (signature === undefined || signature.published === null || signature.rebuilt === null) return [];
  if (isAdHoc(signature.published) && isAdHoc(signature.rebuilt)) return [];
  const covers = [ledger.settle(signature, 'all', 'proven')];
  const [a, b] = [loadCommands(published), loadCommands(rebuilt)];
  if (commands === undefined || a.commands.some(({ at, kind }, i) => b.commands[i]?.at !== at || b.commands[i].kind !== kind))
    return covers;
  const fields = a.commands.flatMap(({ kind, at }) => {
    if (kind === LC_CODE_SIGNATURE) return [{ start: at + 12, end: at + 16 }];
    if (kind !== LC_SEGMENT_64 || new Reader(published, true).name(at + 8, 16) !== '__LINKEDIT') return [];
    return [
      { start: at + 32, end: at + 40 },
      { start: at + 48, end: at + 56 },
    ];
  });
  return [...covers, ledger.settle(commands, fields, 'derived')];
}
