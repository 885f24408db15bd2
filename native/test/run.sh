#!/bin/sh
# Builds and runs the native unit tests; prints TAP per program and exits non-zero when one fails.
# Names of tests (wire_test) may be given to run only those.
set -u
cd "$(dirname "$0")" || exit 1
mkdir -p ../build/test
exec 9>../build/test/lock
flock 9 # two runs at a time would build over each other
make -s -j"${JOBS:-2}" >&2 || { echo 'Bail out! the native tests do not compile'; exit 1; }
flock -u 9
failed=0
for source in *_test.cc; do
  name=${source%.cc}
  if [ $# -gt 0 ]; then
    case " $* " in *" $name "*) ;; *) continue ;; esac
  fi
  echo "# $name"
  "../build/test/$name" || failed=1
done
exit $failed
