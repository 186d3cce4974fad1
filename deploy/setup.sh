#!/bin/sh
# What the machine must have beside Node and npm. Installs it where that is allowed (root on Debian and its kin), else says exactly what to
# type. Quiet when nothing is missing; safe to run twice, and at once from two places.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

lacking=""
for pair in bwrap:bubblewrap git:git tar:tar setpriv:util-linux prlimit:util-linux flock:util-linux; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || lacking="$lacking ${pair##*:}"
done

# Only for recipes of kind cargo: the host's own C toolchain, and packages that are a .tar.xz. Without them such recipes say so.
wanted=""
for pair in cc:gcc c++:g++ strip:binutils make:make xz:xz-utils; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || wanted="$wanted ${pair##*:}"
done
if [ -n "$wanted" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then lacking="$lacking$wanted"; fi

# Wheels are received through pip. One in a user's home will not do: a node started by root downloads as another user.
PATH=/usr/local/bin:/usr/bin:/bin command -v pip3 >/dev/null 2>&1 || lacking="$lacking python3-pip"

# Node's official builds need it; a minimal Debian lacks it.
if [ "$(uname -s)" = Linux ] && ! ldconfig -p 2>/dev/null | grep -q 'libatomic\.so\.1'; then lacking="$lacking libatomic1"; fi

if [ -n "$lacking" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$lacking" >&2
    lock="${TMPDIR:-/tmp}/verbatim-setup.lock"
    # shellcheck disable=SC2086 # a list of package names
    flock "$lock" sh -c '
      export DEBIAN_FRONTEND=noninteractive
      apt-get update -qq && apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@"' sh $lacking >&2
  else
    echo "missing:$lacking; install with: sudo apt-get install$lacking" >&2
    exit 1
  fi
fi

# Go comes from its own distribution: Debian 12's is too old.
if ! command -v go >/dev/null 2>&1; then
  echo "missing: Go 1.21 or later (https://go.dev/doc/install); put its bin folder into PATH" >&2
  exit 1
fi
minor=$(GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -lt 21 ]; then
  echo "found $(GOTOOLCHAIN=local go env GOVERSION), expected Go 1.21 or later (https://go.dev/doc/install)" >&2
  exit 1
fi

# The sandbox must work, not just be there (packages/builder/src/sandbox).
if ! said=$(bwrap --unshare-all --unshare-user --disable-userns --die-with-parent --ro-bind / / --proc /proc --dev /dev true 2>&1); then
  cat >&2 <<MESSAGE
bubblewrap is installed, but a sandbox does not start: $said
It needs bubblewrap 0.8 or later and a kernel that lets users make namespaces. Depending on the system:
  sudo sysctl -w kernel.unprivileged_userns_clone=1               (older Debian)
  sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (Ubuntu 23.10 and later)
  docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined ...   (inside a container)
MESSAGE
  exit 1
fi
