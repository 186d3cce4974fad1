/** Go's variables that choose code for one architecture, with the values that cmd/go takes when none is set (internal/buildcfg). */
const DEFAULTS: Readonly<Record<string, readonly [name: string, value: string]>> = {
  '386': ['GO386', 'sse2'],
  amd64: ['GOAMD64', 'v1'],
  arm: ['GOARM', '7'],
  arm64: ['GOARM64', 'v8.0'],
  mips: ['GOMIPS', 'hardfloat'],
  mipsle: ['GOMIPS', 'hardfloat'],
  mips64: ['GOMIPS64', 'hardfloat'],
  mips64le: ['GOMIPS64', 'hardfloat'],
  ppc64: ['GOPPC64', 'power8'],
  ppc64le: ['GOPPC64', 'power8'],
  riscv64: ['GORISCV64', 'rva20u64'],
};

/** The default is set explicitly: a toolchain of a vendor, or one built on another machine, may have another (GO386, GOARM). */
export function architectureDefaults(goarch: string): Record<string, string> {
  const found = Object.hasOwn(DEFAULTS, goarch) ? DEFAULTS[goarch]! : null;
  return found === null ? {} : { [found[0]]: found[1] };
}
