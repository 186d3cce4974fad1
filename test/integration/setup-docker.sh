#!/bin/sh
# Docker for hosts.test.ts: a daemon that answers, and a small Debian image in which the repository's Node runs. Pulls no image: the image is
# made of Debian packages, through apt as the machine has it set up. Quick and quiet when all is there; safe to run again, and twice at once.
# The daemon is one for each user: test runs at once share it, and the last one ends it.
#
#   setup-docker.sh start [USER]  prints DOCKER_HOST=… and, only if the daemon is one that this script started, DOCKERD_PID=…; the rest goes to
#                                 stderr. With the process USER, that daemon also ends when USER does, however it ends, if it is the last one.
#   setup-docker.sh stop [PID [USER]]
#                                 ends the daemon that `start` started (only if it is still process PID, and unless other processes than USER
#                                 use it) with its containers, networks and volumes. The image stays for the next time; to be rid of it,
#                                 delete the folder verbatim-docker-UID in TMPDIR.
set -eu

state="${TMPDIR:-/tmp}/verbatim-docker-$(id -u)"
ours="unix://$state/docker.sock"
image=verbatim-test-host:bookworm
# What the `node` of node_modules is linked against, and a shell to look around with. Delete the image after a change.
packages="base-files libc6 libgcc-s1 libstdc++6 libatomic1 dash"

die() {
  echo "setup-docker: $*" >&2
  exit 1
}

need_root_on_debian() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || die "$1"
}

answers() {
  DOCKER_HOST=$1 timeout 20 docker version >/dev/null 2>&1
}

own_pid() {
  pid=$(cat "$state/dockerd.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && echo "$pid"
}

# Whatever is in our own daemon is a leftover: nobody else uses it.
remove_leftovers() {
  docker ps --all --quiet | xargs -r docker rm --force --volumes >/dev/null
  docker network prune --force >/dev/null
  docker volume ls --quiet | xargs -r docker volume rm --force >/dev/null
}

install_docker() {
  command -v docker >/dev/null 2>&1 && command -v dockerd >/dev/null 2>&1 && return
  need_root_on_debian "no docker daemon answers, and none can be installed; install with: sudo apt-get install docker.io; then start it"
  echo "installing: docker.io" >&2
  # The lock is the one of deploy/setup.sh.
  flock "${TMPDIR:-/tmp}/verbatim-setup.lock" sh -c 'apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io' >&2 || die "apt-get could not install docker.io"
}

# Leaves the machine's firewall, routes and default bridge alone: containers talk within their network, ports are published by docker's own
# proxy, and nothing reaches the world.
start_daemon() {
  need_root_on_debian "no docker daemon answers, and only root can start one; start it, or set DOCKER_HOST"
  rm -f "$state/dockerd.pid" # a stale one whose number is taken keeps dockerd from starting
  setsid dockerd --data-root "$state/data" --exec-root "$state/exec" --pidfile "$state/dockerd.pid" --host "$ours" \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --log-level=warn </dev/null >"$state/dockerd.log" 2>&1 9>&- &
  pid=$!
  tries=0
  until answers "$ours"; do
    tries=$((tries + 1))
    if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -gt 300 ]; then
      kill "$pid" 2>/dev/null || :
      die "dockerd did not come up: $(tail -n 5 "$state/dockerd.log")"
    fi
    sleep 0.2
  done
  rm -f "$state/users"
  DOCKER_HOST=$ours remove_leftovers
}

# The daemon is needed as long as that process lives.
use() {
  echo "$1" >>"$state/users"
  setsid sh -c 'tail --pid="$1" --follow /dev/null; exec "$2" stop "$3" "$1"' sh "$1" "$0" "$DOCKERD_PID" </dev/null >/dev/null 2>&1 9>&- &
}

used_by_others_than() {
  for each in $(cat "$state/users" 2>/dev/null); do
    [ "$each" = "$1" ] || ! kill -0 "$each" 2>/dev/null || return 0
  done
  return 1
}

make_image() {
  docker image inspect "$image" >/dev/null 2>&1 && return
  need_root_on_debian "the image $image is missing, and is made by root on Debian 12 only; run as root there: $0 start"
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
  [ "$codename" = "${image#*:}" ] || die "expected Debian ${image#*:} to make the image $image from, found $codename"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # shellcheck disable=SC2086 # a list of package names
  download() (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root $packages >&2)
  # The lists may be missing, or older than the mirror.
  download || { apt-get update -qq >&2 && download; } || die "apt-get could not download: $packages"
  mkdir "$work/root"
  for deb in "$work"/*.deb; do dpkg-deb --extract "$deb" "$work/root"; done
  tar -C "$work/root" -c . | docker import - "$image" >/dev/null || die "docker could not import $image"
}

mkdir -p -m 700 "$state"
[ "$(stat -c %u "$state")" = "$(id -u)" ] || die "expected the folder $state to be yours, found it is another user's"
exec 9>"$state/lock"
flock 9

case "${1:-}" in
start)
  DOCKERD_PID=
  if [ -n "${DOCKER_HOST:-}" ]; then
    install_docker
    answers "$DOCKER_HOST" || die "expected a docker daemon at DOCKER_HOST=$DOCKER_HOST, found none; start it, or unset DOCKER_HOST"
  elif answers "$ours"; then
    DOCKER_HOST=$ours
  elif answers unix:///var/run/docker.sock; then
    DOCKER_HOST=unix:///var/run/docker.sock
  else
    install_docker
    start_daemon
    DOCKER_HOST=$ours
  fi
  export DOCKER_HOST
  [ "$DOCKER_HOST" != "$ours" ] || DOCKERD_PID=$(own_pid) || :
  [ -z "$DOCKERD_PID" ] || [ -z "${2:-}" ] || use "$2"
  make_image
  echo "DOCKER_HOST=$DOCKER_HOST"
  [ -z "$DOCKERD_PID" ] || echo "DOCKERD_PID=$DOCKERD_PID"
  ;;
stop)
  pid=$(own_pid) || exit 0
  [ "${2:-$pid}" = "$pid" ] || exit 0
  ! used_by_others_than "${3:-}" || exit 0
  DOCKER_HOST=$ours
  export DOCKER_HOST
  remove_leftovers || echo "setup-docker: not everything could be removed" >&2
  kill "$pid"
  timeout 60 tail --pid="$pid" --sleep-interval=0.2 --follow /dev/null || die "dockerd, process $pid, did not end within 60 s"
  rm -rf "$state/exec"
  ;;
*)
  sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
