/** ar archives: .deb (deb(5)) and static libraries. Headers are 60 bytes of text. */
import { BinaryError } from '../errors.ts';
import { type Layer, type LayerMember, NOTHING, octal, type UnpackBudget } from './layer.ts';
import { timeOf } from './compressors.ts';

const GLOBAL_HEADER = 8;
const HEADER = 60;
/** GNU's table of long names, and its symbol tables: in the order of the file like everything else. */
const LONG_NAMES = '//';

export function readAr(bytes: Uint8Array, budget: UnpackBudget): Layer {
  const members: LayerMember[] = [];
  let names = '';
  for (let at = GLOBAL_HEADER; at < bytes.length;) {
    const header = new TextDecoder('latin1').decode(bytes.subarray(at, at + HEADER));
    const [name, mtime, uid, gid, mode, size] = [
      [0, 16],
      [16, 28],
      [28, 34],
      [34, 40],
      [40, 48],
      [48, 58],
    ].map(([from, to]) => header.slice(from, to).trimEnd()) as [string, string, string, string, string, string];
    if (header.length < HEADER || !header.endsWith('`\n') || !/^\d+$/.test(size))
      throw new BinaryError('malformed', `no ar header at ${at}`);
    const start = at + HEADER;
    const end = start + Number(size);
    if (end > bytes.length) throw new BinaryError('truncated', `${name} ends at ${end}, the file has ${bytes.length} bytes`);
    budget.member();
    if (name === LONG_NAMES) names = new TextDecoder('latin1').decode(bytes.subarray(start, end));
    members.push({
      name: longName(name, names),
      type: 'file',
      meaning: {},
      fields: { mtime: timeOf(Number(mtime)), owner: `${uid}/${gid}`, mode: octal(Number.parseInt(mode || '0', 8) & 0o7777) },
      bytes: bytes.subarray(start, end),
    });
    // Data is padded to an even length.
    at = end + (end % 2);
  }
  return { format: 'ar', fields: {}, members, rest: NOTHING };
}

/** `/12` points into the table, `name/` ends with a slash. */
function longName(name: string, names: string): string {
  if (!/^\/\d+$/.test(name)) return name.length > 1 && name !== LONG_NAMES && name.endsWith('/') ? name.slice(0, -1) : name;
  const from = Number(name.slice(1));
  const end = names.indexOf('\n', from);
  return names.slice(from, end === -1 ? undefined : end).replace(/\/$/, '');
}
