#!/usr/bin/env bash
# Runs a command in the arm64 root (make-root.sh), as this user, on this machine's network. The root, the repository and the user's home folder
# are read-only; of the rest of this machine it sees what is named here. It has this script's standard streams and process group: a signal to
# the group lets it end in its own way.
#
#   run.sh [--packages "PACKAGE…"] [--writable FOLDER | --readable PATH]… -- COMMAND…
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)

usage() {
  sed -n '6s/^# */usage: /p' "$0" >&2
  exit 2
}

# bubblewrap would make missing folders on the way unreadable for others, such as a worker's user.
mount_at() {
  local folder=$3 folders=()
  while folder=$(dirname "$folder") && [ "$folder" != / ]; do folders=(--perms 0755 --dir "$folder" "${folders[@]}"); done
  arguments+=("${folders[@]}" "$@")
}

show() {
  [ -e "$2" ] || { echo "run.sh: expected a file or folder at $2, found none" >&2 && exit 2; }
  mount_at "$1" "$(readlink -f "$2")" "$(readlink -f "$2")"
}

# Process numbers and control groups are this machine's: sandboxes are watched and limited by them.
arguments=(--dev /dev --bind /proc /proc --bind /sys /sys --perms 1777 --tmpfs /tmp)
packages=""
show --ro-bind "$HOME"
show --ro-bind "$repository"
while [ "${1:-}" != -- ]; do
  [ $# -ge 2 ] || usage
  case "$1" in
  --packages) packages=$2 ;;
  --writable) show --bind "$2" ;;
  --readable) show --ro-bind "$2" ;;
  *) usage ;;
  esac
  shift 2
done
shift
[ $# -ge 1 ] || usage

# shellcheck disable=SC2086 # a list of package names
root=$("$here/make-root.sh" $packages)
system=()
for path in "$root"/*; do
  if [ -L "$path" ]; then system+=(--symlink "$(readlink "$path")" "/${path##*/}"); else system+=(--ro-bind "$path" "/${path##*/}"); fi
done
# Where to download from, and whom to trust there.
for pair in /etc/resolv.conf:resolv.conf /etc/hosts:hosts /etc/ssl:ssl /etc/apt:apt /etc/pip.conf:pip.conf /etc/gitconfig:gitconfig \
  "$(npm config get globalconfig 2>/dev/null):npmrc"; do
  [ ! -e "${pair%:*}" ] || system+=(--ro-bind "$(readlink -f "${pair%:*}")" "/etc/${pair##*:}")
done
exec bwrap "${system[@]}" "${arguments[@]}" --setenv PATH /usr/local/bin:/usr/local/go/bin:/usr/bin:/bin:/usr/sbin:/sbin \
  --setenv npm_config_globalconfig /etc/npmrc --chdir "$repository" -- "$@"
