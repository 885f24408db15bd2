/**
 * The guardian: a small shell that a detached daemon runs below, and that outlives it.
 *
 * Promises: a daemon that is killed or crashes is started again, and its mount comes
 * back; when that does not help, the mount point is unmounted and not left dead. A
 * daemon that ends by itself, or that says why it cannot start, is not started again; one
 * that is to come back while the machine is in the way (a full disk) gets several chances.
 * It is a shell, since it must survive whatever the daemon dies of and costs a megabyte.
 */

import { EXIT } from '../base/exit-code.js';

/** Exit code of a daemon whose own code failed (EX_SOFTWARE): its state is to be built anew. */
export const CRASHED = 70;

/** A killed daemon whose thread waits for its own mount holds it, and everybody who uses it, until it is cut off. */
const WATCH_SECONDS = 1;

/** More deaths than this without a minute of life between them are not a passing fault. */
const MOST_RESTARTS = 5;
const SOUND_SECONDS = 60;

/**
 * $1 is the mount point, the rest the daemon's command. `stat -f` fails on a mount
 * whose daemon is gone (`[ -d ]` may be answered from the kernel's cache for a second), and
 * succeeds on one that a new daemon has taken meanwhile. 129, 130 and 143
 * are signals that ask for an end (HUP, INT, TERM); the other signals are deaths.
 *
 * The daemon looks at its own mount (it reads back and touches what was flipped). Killed in
 * that moment, one thread stays in the kernel and keeps the connection open that nobody
 * serves any more, and `wait` does not return. So a second shell looks for a daemon that
 * has been a zombie for two looks, and aborts the connection.
 */
export const GUARDIAN = `
mount_point=$1; shift
clear_away() {
  stat -f "$mount_point" >/dev/null || umount -l "$mount_point" || fusermount3 -u -z "$mount_point"
}
cut_off() {
  while read -r _ _ device _ point _; do
    [ "$point" = "$mount_point" ] && echo 1 >"/sys/fs/fuse/connections/\${device#*:}/abort" && return
  done </proc/self/mountinfo
  umount -f "$mount_point"
}
watch_over() {
  looks=0
  while sleep ${WATCH_SECONDS}; do
    read -r stat <"/proc/$1/stat" || return
    case \${stat##*) } in
      Z*) looks=$((looks + 1)); [ "$looks" -lt 2 ] || cut_off ;;
    esac
  done
}
"$@" &
daemon=$!
[ -n "$NODE_CHANNEL_FD" ] && eval "exec $NODE_CHANNEL_FD>&-"
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
deaths=0
while :; do
  began=$(date +%s)
  watch_over "$daemon" >/dev/null 2>&1 &
  watcher=$!
  wait "$daemon"
  status=$?
  kill "$watcher" 2>/dev/null
  clear_away 2>/dev/null
  case $status in
    129 | 130 | 143) exit $status ;;
    ${CRASHED}) ;;
    ${EXIT.systemError}) [ "$deaths" -gt 0 ] || exit $status ;;
    *) [ "$status" -gt 128 ] || exit $status ;;
  esac
  [ $(($(date +%s) - began)) -lt ${SOUND_SECONDS} ] || deaths=0
  deaths=$((deaths + 1))
  if [ "$deaths" -gt ${MOST_RESTARTS} ]; then
    echo "proxyfsd died $deaths times in a row (exit status $status) and is not started again" >&2
    exit $status
  fi
  echo "proxyfsd died (exit status $status) and is started again" >&2
  sleep $((deaths - 1))
  "$@" --resume &
  daemon=$!
done
`;
