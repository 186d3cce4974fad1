/**
 * A Debian system as data: every package of it with version, architecture and digest, so that it is the same wherever it is unpacked.
 * https://www.debian.org/doc/debian-policy/ch-controlfields.html
 */
import { array, boolean, distinct, object, string, where, type Infer } from './schema.ts';

export const MAX_ROOT_PACKAGES = 1500;

/** Debian's architectures in Go's words. */
const PLATFORMS: Readonly<Record<string, string>> = {
  amd64: 'linux/amd64',
  arm64: 'linux/arm64',
  armhf: 'linux/arm',
  i386: 'linux/386',
  ppc64el: 'linux/ppc64le',
  riscv64: 'linux/riscv64',
  s390x: 'linux/s390x',
};

/** Platform of a Debian architecture, such as `linux/amd64`; null for `all` and unknown ones. */
export function platformOfDebian(architecture: string): string | null {
  return Object.hasOwn(PLATFORMS, architecture) ? PLATFORMS[architecture]! : null;
}

/** Policy §5.6.1 and §5.6.12: a name of source or binary package; a version with its epoch and revision. */
const NAME = /^[a-z0-9][a-z0-9+.-]+$/;
const VERSION = /^(?:\d{1,9}:)?\d[A-Za-z0-9.+~-]*$/;

export const isDebianVersion = (text: string): boolean => VERSION.test(text);

export const debianName = string('a Debian package name', 128, (text) => NAME.test(text));
export const debianVersion = string('a Debian version', 128, isDebianVersion);
export const debianArchitecture = string(
  `an architecture among ${Object.keys(PLATFORMS).join(', ')}`,
  16,
  (text) => platformOfDebian(text) !== null,
);
/** As apt's sources name it: `bookworm`, `bookworm-security`. */
export const debianSuite = string('a suite such as bookworm or bookworm-security', 64, (text) =>
  /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(text),
);

export interface DebianPin {
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
  /** Hex SHA-256 of the .deb. */
  readonly sha256: string;
}

/** `NAME:ARCHITECTURE=VERSION SHA256`: apt's own spelling of an exact package, and the digest of its .deb. */
export const formatDebianPin = ({ name, architecture, version, sha256 }: DebianPin): string =>
  `${name}:${architecture}=${version} ${sha256}`;

function pinOrNull(text: string): DebianPin | null {
  const match = /^([^:=\s]{2,128}):([a-z0-9]{2,16})=(\S{1,128}) ([0-9a-f]{64})$/.exec(text);
  if (match === null) return null;
  const [, name, architecture, version, sha256] = match as unknown as [string, string, string, string, string];
  const known = architecture === 'all' || platformOfDebian(architecture) !== null;
  return known && NAME.test(name) && VERSION.test(version) ? { name, architecture, version, sha256 } : null;
}

/** The parts of a checked line. */
export function parseDebianPin(line: string): DebianPin {
  const pin = pinOrNull(line);
  if (pin === null) throw new Error(`expected a checked line NAME:ARCHITECTURE=VERSION SHA256, found ${line}`);
  return pin;
}

const pinLine = string('NAME:ARCHITECTURE=VERSION SHA256', 350, (text) => pinOrNull(text) !== null);

const shape = object({
  /** Where apt finds the packages: a suite and its companions. What they hold today does not matter, the digests decide. */
  suites: array(debianSuite, 1, 8),
  /** What its programs run on. */
  architecture: debianArchitecture,
  /** Whether /bin, /lib and /sbin are links into /usr. Debian's own builders had it so since trixie only. */
  mergedUsr: boolean,
  packages: array(pinLine, 1, MAX_ROOT_PACKAGES),
});
export type DebianRoot = Infer<typeof shape>;

/** A root has each package once for each architecture. */
export const debianRoot = where(shape, ({ suites, packages }, at) => {
  distinct(suites, (suite) => suite, `${at}.suites`);
  distinct(packages, (line) => line.slice(0, line.indexOf('=')), `${at}.packages`);
});
