/**
 * Environment of `go build` that a recipe may set: only what chooses code, by name and value. Never what names programs (CC, GOROOT),
 * servers (GOPROXY), other flags (GOFLAGS) or other toolchains (GOTOOLCHAIN): those are the builder's.
 */
import { StatementError, show } from './errors.ts';

const VALUES: Readonly<Record<string, RegExp>> = {
  CGO_ENABLED: /^[01]$/,
  GO386: /^(?:sse2|softfloat)$/,
  GOAMD64: /^v[1-4]$/,
  GOARM: /^[567](?:,(?:softfloat|hardfloat))?$/,
  GOARM64: /^v[89]\.\d(?:,(?:lse|crypto))*$/,
  GOEXPERIMENT: /^[a-z0-9]+(?:,[a-z0-9]+)*$/,
  GOFIPS140: /^(?:off|v\d+\.\d+\.\d+)$/,
  GOMIPS: /^(?:hardfloat|softfloat)$/,
  GOMIPS64: /^(?:hardfloat|softfloat)$/,
  GOPPC64: /^power\d{1,2}$/,
  GORISCV64: /^rva\d{2}u64$/,
  GOWASM: /^[a-z0-9]+(?:,[a-z0-9]+)*$/,
};
/** Names that a Go recipe's `env` may have. */
export const GO_ENV_NAMES: readonly string[] = Object.keys(VALUES);

/** The checked environment: at most 64 characters a value. Throws `bad-schema`. */
export function goEnv(value: unknown, at: string): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new StatementError('bad-schema', at, `expected an object, found ${show(value)}`);
  }
  for (const [name, found] of Object.entries(value)) {
    const pattern = Object.hasOwn(VALUES, name) ? VALUES[name]! : null;
    if (pattern === null)
      throw new StatementError('bad-schema', at, `expected names among ${GO_ENV_NAMES.join(', ')}, found ${show(name)}`);
    if (typeof found !== 'string' || found.length > 64 || !pattern.test(found)) {
      throw new StatementError('bad-schema', `${at}.${name}`, `expected a value that Go knows, found ${show(found)}`);
    }
  }
  return value as Readonly<Record<string, string>>;
}
