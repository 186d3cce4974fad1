/**
 * Flags of `go build` that a recipe may carry. An allow-list: a recipe is somebody else's text, and flags can name programs to run
 * (-toolexec, -exec, -extld), files to replace or write (-overlay, -modfile, -o, -C) and sources to change (-mod=mod).
 */
import { StatementError, show } from './errors.ts';
import { string } from './schema.ts';

/** `-tags` and `-ldflags` have places of their own in a recipe; flags that change no bit (-p, -v, -x, -a, -work) have none. */
const FLAGS: readonly RegExp[] = [
  /^-trimpath$/,
  /^-buildvcs=(?:true|false)$/,
  /^-mod=(?:readonly|vendor)$/,
  /^-buildmode=(?:exe|pie|default)$/,
  /^-pgo=(?:off|auto)$/,
  /^-(?:gcflags|asmflags)=(?:[a-z0-9./-]+=)?-[A-Za-z]+(?:=[a-z0-9,]+)?(?: -[A-Za-z]+(?:=[a-z0-9,]+)?)*$/,
];
/** Compiler and assembler flags that only change the code. Others read or write files (-cpuprofile, -embedcfg, -importcfg, -o). */
const COMPILER_FLAGS = /^-(?:N|l|B|C|dwarf=(?:true|false)|spectre=(?:all|index|ret)|smallframes|shared|dynlink)$/;

export const goFlag = string('an allowed flag of go build', 256, (flag) => {
  if (!FLAGS.some((pattern) => pattern.test(flag))) return false;
  const compiler = /^-(?:gcflags|asmflags)=(?:[^-][^=]*=)?(.*)$/.exec(flag)?.[1];
  return compiler === undefined || compiler.split(' ').every((each) => COMPILER_FLAGS.test(each));
});

/** The name of a flag: `-mod` of `-mod=vendor`. */
export const flagName = (flag: string): string => flag.split('=', 1)[0]!;

/** Linker flags without a value, and with one that follows after a space or `=`. */
const LINKER_SWITCHES = /^-(?:s|w|compressdwarf=(?:true|false)|checklinkname=[01]|linkmode=(?:internal|auto)|race=false)$/;
const LINKER_VALUES: Readonly<Record<string, RegExp>> = {
  // importpath.name=value; the value is data.
  '-X': /^[^=\s]+=.*$/s,
  '-buildid': /^[A-Za-z0-9/_+=.-]*$/,
  '-B': /^(?:none|gobuildid|0x[0-9a-f]+)$/,
  '-H': /^(?:windows|windowsgui|pie|exe)$/,
  '-linkmode': /^(?:internal|auto)$/,
  // Hashed into the build id, and without effect when nothing is linked by another linker.
  '-extldflags': /^(?:-(?:static|static-pie|no-pie|s|w))(?: -(?:static|static-pie|no-pie|s|w))*$/,
};

/** The words of `-ldflags` as cmd/go splits them (cmd/internal/quoted): at spaces, with '…' and "…" around a word. Null when a quote is open. */
export function splitQuoted(text: string): string[] | null {
  const words: string[] = [];
  let rest = text.replace(/^[ \t\n\r]+/, '');
  while (rest !== '') {
    const quote = rest[0]!;
    const quoted = quote === '"' || quote === "'";
    const end = quoted ? rest.indexOf(quote, 1) : rest.search(/[ \t\n\r]|$/);
    if (end === -1) return null;
    words.push(rest.slice(quoted ? 1 : 0, end));
    rest = rest.slice(quoted ? end + 1 : end).replace(/^[ \t\n\r]+/, '');
  }
  return words;
}

function refuse(at: string, expected: string, word: string): StatementError {
  return new StatementError('bad-schema', at, `expected ${expected}, found ${show(word)}`);
}

/** Throws `bad-schema` unless every word of the linker's flags is allowed. The spelling is kept: it is hashed into the build id. */
export function checkLinkerFlags(text: string, at: string): void {
  const words = splitQuoted(text);
  if (words === null) throw refuse(at, 'linker flags with closed quotes', text);
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    if (LINKER_SWITCHES.test(word)) continue;
    const equals = word.indexOf('=');
    const name = equals === -1 ? word : word.slice(0, equals);
    const pattern = Object.hasOwn(LINKER_VALUES, name) ? LINKER_VALUES[name] : undefined;
    if (pattern === undefined) throw refuse(at, `linker flags among -s, -w, ${Object.keys(LINKER_VALUES).join(', ')}`, word);
    const value = equals === -1 ? words[++index] : word.slice(equals + 1);
    if (value === undefined || !pattern.test(value)) throw refuse(at, `an allowed value of ${name}`, value ?? 'nothing');
  }
}
