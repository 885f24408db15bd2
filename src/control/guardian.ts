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

/** More deaths than this without a minute of life between them are not a passing fault. */
const MOST_RESTARTS = 5;
const SOUND_SECONDS = 60;

/**
 * $1 is the mount point, the rest the daemon's command. `stat -f` fails on a mount
 * whose daemon is gone (`[ -d ]` may be answered from the kernel's cache for a second), and
 * succeeds on one that a new daemon has taken meanwhile. 129, 130 and 143
 * are signals that ask for an end (HUP, INT, TERM); the other signals are deaths.
 */
export const GUARDIAN = `
mount_point=$1; shift
clear_away() {
  stat -f "$mount_point" >/dev/null || umount -l "$mount_point" || fusermount3 -u -z "$mount_point"
}
"$@" &
[ -n "$NODE_CHANNEL_FD" ] && eval "exec $NODE_CHANNEL_FD>&-"
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
deaths=0
while :; do
  began=$(date +%s)
  wait $!
  status=$?
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
done
`;
