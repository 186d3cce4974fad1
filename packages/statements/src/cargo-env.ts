/**
 * Environment that a recipe may give to a build with cargo. Build scripts read variables that their authors made up, so no list of names can be
 * whole: every name is allowed but those that cargo, rustc, C compilers, the loader and the shell listen to, which are the builder's. A value
 * is a word, never a path: there is nothing in the sandbox that it should point to.
 */
import { StatementError, show } from './errors.ts';

const MAX_NAMES = 32;
const NAME = /^[A-Z][A-Z0-9_]{0,63}$/;
const RESERVED = new RegExp(
  [
    '^(?:CARGO|RUST|LD_|DYLD_|GCC_|COLLECT_|DEP_|NIX_|GIT_CONFIG|MALLOC_|GLIBC_|CCACHE|SCCACHE|LLVM_|PYTHON|PERL|NODE_)',
    '|^(?:HOST_|TARGET_)?(?:CC|CXX|AR|AS|LD|NM|RANLIB|STRIP|CPP|CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS|ARFLAGS|CXXSTDLIB|CPATH)(?:_|$)',
    '|^(?:PATH|HOME|USER|LOGNAME|SHELL|ENV|BASH_ENV|IFS|PWD|OLDPWD|TMPDIR|TZ|LANG|LANGUAGE|HOSTNAME|TERM|COMPILER_PATH|LIBRARY_PATH)$',
    '|^(?:C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|PKG_CONFIG.*|MAKE.*|MFLAGS|CMAKE.*|LC_.*|SOURCE_DATE_EPOCH|OUT_DIR|TARGET|HOST|NUM_JOBS)$',
    '|^(?:OPT_LEVEL|PROFILE|DEBUG|.*_PROXY|.*_PRELOAD)$',
  ].join(''),
);
const VALUE = /^[A-Za-z0-9 ._+,:=@-]*$/;

/** The checked environment: at most 32 names, 256 characters a value. Throws `bad-schema`. */
export function cargoEnv(value: unknown, at: string): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StatementError('bad-schema', at, `expected an object, found ${show(value)}`);
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_NAMES)
    throw new StatementError('bad-schema', at, `expected at most ${MAX_NAMES} names, found ${entries.length}`);
  for (const [name, found] of entries) {
    if (!NAME.test(name) || RESERVED.test(name))
      throw new StatementError('bad-schema', at, `expected a variable of the project’s own, found ${show(name)}`);
    if (typeof found !== 'string' || found.length > 256 || !VALUE.test(found))
      throw new StatementError('bad-schema', `${at}.${name}`, `expected a word without paths, found ${show(found)}`);
  }
  return value as Readonly<Record<string, string>>;
}
