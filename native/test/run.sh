#!/bin/sh
# Builds and runs the native unit tests; prints TAP per program and exits non-zero when one fails.
# usage: run.sh [--sanitize] [NAME...]: only these tests (wire_test); --sanitize: with ASan, LSan and UBSan.
set -u
cd "$(dirname "$0")" || exit 1
out=../build/test extra=
if [ "${1:-}" = --sanitize ]; then
  shift
  out=../build/sanitized extra='-fsanitize=address,undefined -fno-sanitize-recover=all'
fi
mkdir -p $out
exec 9>$out/lock
flock 9 # two runs at a time would build over each other
make -s -j"${JOBS:-2}" OUT=$out EXTRA="$extra" >&2 || { echo 'Bail out! the native tests do not compile'; exit 1; }
flock -u 9
failed=0
for source in *_test.cc; do
  name=${source%.cc}
  if [ $# -gt 0 ]; then
    case " $* " in *" $name "*) ;; *) continue ;; esac
  fi
  echo "# $name"
  "$out/$name" || failed=1
done
[ $# -gt 0 ] || ./fuzz.sh || failed=1
exit $failed
