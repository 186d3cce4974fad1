#!/bin/sh
# What only tests need: Debian's packers and tools, installed where that is allowed, else named. What comes from nowhere else (Rust's own
# distribution) is asked for. Quiet when nothing is missing; safe to run twice, and at once from two places.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

lacking=""
for pair in ar:binutils gcc:gcc xz:xz-utils diffoscope:diffoscope-minimal openssl:openssl strace:strace mkfs.ext4:e2fsprogs chromium:chromium; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || lacking="$lacking ${pair##*:}"
done
[ -f /usr/include/stdio.h ] || lacking="$lacking libc6-dev"
ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || lacking="$lacking libfaketime"

if [ -n "$lacking" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$lacking" >&2
    # The lock is the one of deploy/setup.sh.
    # shellcheck disable=SC2086 # a list of package names
    flock "${TMPDIR:-/tmp}/verbatim-setup.lock" sh -c '
      export DEBIAN_FRONTEND=noninteractive
      apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@"' sh $lacking >&2
  else
    echo "missing:$lacking; install with: sudo apt-get install$lacking" >&2
    exit 1
  fi
fi

# Two toolchains of rustup's: one of the causes of difference is the compiler's version.
for toolchain in stable nightly; do
  rustc "+$toolchain" --version >/dev/null 2>&1 && continue
  echo "missing: Rust's $toolchain toolchain, for the corpus of differences; install rustup (https://rustup.rs), then: rustup toolchain install $toolchain" >&2
  exit 1
done
