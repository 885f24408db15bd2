#!/bin/sh
# A bounded run of the fuzz target under the sanitizers; prints TAP. The mutations of fuzz_mutate.cc
# run everywhere, libFuzzer where clang has it. FUZZ_SECONDS makes its part longer.
set -u
cd "$(dirname "$0")" || exit 1
out=../build/test
mkdir -p "$out"
flags='-std=c++20 -g -O1 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I..'
# shellcheck disable=SC2086
compile() {
  program=$1
  shift
  newest=$(ls -t "$program" fuzz_wire.cc fuzz_mutate.cc fuzz.sh ../wire/*.cc ../wire/*.h 2>/dev/null | head -1)
  [ "$newest" = "$program" ] || "$@" $flags -o "$program" ../wire/request.cc fuzz_wire.cc >"$out/fuzz.log" 2>&1
}
failed=0
number=0
result() {
  number=$((number + 1))
  if [ "$1" -eq 0 ]; then echo "ok $number - $2"; return; fi
  failed=1
  echo "not ok $number - $2"
  sed 's/^/# /' "$out/fuzz.log"
}

echo 'TAP version 14'
title='200,000 damaged requests are read within their bounds'
compile "$out/fuzz_mutate" "${CXX:-g++}" -fsanitize=address,undefined -fno-sanitize-recover=all fuzz_mutate.cc &&
  "$out/fuzz_mutate" 200000 >"$out/fuzz.log" 2>&1
result $? "$title"

if command -v clang++ >/dev/null && compile "$out/fuzz_wire" clang++ -fsanitize=fuzzer,address,undefined; then
  mkdir -p "$out/corpus"
  "$out/fuzz_wire" -max_total_time="${FUZZ_SECONDS:-5}" -max_len=8192 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="$out/" "$out/corpus" >"$out/fuzz.log" 2>&1
  result $? "libFuzzer finds nothing in ${FUZZ_SECONDS:-5} seconds"
else
  number=$((number + 1))
  echo "ok $number - libFuzzer finds nothing # SKIP needs clang with libFuzzer"
fi
echo "1..$number"
exit $failed
