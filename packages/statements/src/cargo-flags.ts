/**
 * Flags of rustc that a recipe may carry. An allow-list: a recipe is somebody else's text, and flags can name programs (-Clinker,
 * -Clink-arg=-fuse-ld=/…), files to read or write (-Cprofile-use, -Cllvm-args, -o, -L) and unstable features (-Z). What a profile sets
 * (lto, codegen-units, strip, panic, opt-level, debuginfo) is said there, and remapped paths among the remaps.
 */
import { string } from './schema.ts';

const YES_NO = '(?:yes|no)';
const FLAGS: readonly RegExp[] = [
  // Never `native`: it depends on the machine.
  /^-Ctarget-cpu=(?!native$)[a-z0-9._-]+$/,
  /^-Ctarget-feature=[+-][a-z0-9._-]+(?:,[+-][a-z0-9._-]+)*$/,
  /^-Crelocation-model=(?:static|pic|pie|dynamic-no-pic)$/,
  /^-Ccode-model=(?:tiny|small|kernel|medium|large)$/,
  /^-Csymbol-mangling-version=(?:legacy|v0)$/,
  /^-Crelro-level=(?:full|partial|off)$/,
  /^-Csplit-debuginfo=(?:off|packed|unpacked)$/,
  /^-Cdwarf-version=[2-5]$/,
  /^-Cmetadata=[A-Za-z0-9._-]+$/,
  new RegExp(`^-C(?:force-frame-pointers|force-unwind-tables|prefer-dynamic|link-dead-code|rpath|embed-bitcode|no-redzone)=${YES_NO}$`),
  new RegExp(`^-Clink-self-contained=(?:${YES_NO}|[+-]linker)$`),
  /^-Clinker-features=[+-]lld$/,
  /^-Cno-(?:vectorize-loops|vectorize-slp)$/,
  /^--cfg=[A-Za-z_][A-Za-z0-9_]*(?:="[A-Za-z0-9._-]*")?$/,
  /^-Clink-arg=(?:-s|-static|-static-pie|-static-libgcc|-pie|-no-pie|-fuse-ld=(?:bfd|gold|lld))$/,
  /^-Clink-arg=-Wl,--build-id=(?:none|md5|sha1|uuid|0x[0-9a-f]+)$/,
  /^-Clink-arg=-Wl,(?:-O[0-3]|--as-needed|--no-as-needed|--gc-sections|--strip-all|--strip-debug|-Bsymbolic|-Bsymbolic-functions)$/,
  /^-Clink-arg=-Wl,-z,(?:relro|norelro|now|lazy|noexecstack|nodelete|origin|pack-relative-relocs|separate-code|noseparate-code)$/,
  /^-Clink-arg=-Wl,-soname[=,][A-Za-z0-9._+-]+$/,
  /^-Clink-arg=-Wl,-rpath[=,]\$ORIGIN(?:\/[A-Za-z0-9._-]+)*$/,
];

/** One argument of rustc, in one spelling: `-C` without a space. */
export const rustFlag = string('an allowed flag of rustc, such as -Ctarget-cpu=x86-64-v2', 256, (flag) =>
  FLAGS.some((pattern) => pattern.test(flag)),
);

/** What of a flag may be said once only; null for those that add to each other. */
export function onceName(flag: string): string | null {
  return /^(?:-Clink-arg|--cfg)=/.test(flag) ? null : flag.split('=', 1)[0]!;
}

/** Arguments of strip(1): what it leaves out, never what it reads or writes. */
export const stripFlag = string('an allowed argument of strip, such as --strip-all', 64, (flag) =>
  /^--(?:strip-all|strip-debug|strip-unneeded|discard-all|enable-deterministic-archives|remove-section=\.[A-Za-z0-9._-]+)$/.test(flag),
);
