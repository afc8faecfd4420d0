#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time (default 60s) and prints one line for each.
set -uo pipefail
cd "$(dirname "$0")/.."
time=${1:-60s}
failed=0
while IFS=: read -r file target; do
  package=$(dirname "$file")
  if out=$(go test "$package" -fuzzminimizetime=10x -run '^$' -fuzz "^$target\$" -fuzztime "$time" 2>&1); then
    runs=$(grep -o 'execs: [0-9]*' <<< "$out" | tail -1)
    echo "$package $target: clean, ${runs:-no count}"
  else
    failed=1
    echo "$package $target: FAILED"
    echo "$out" | tail -20
  fi
done < <(grep -rho --include='*_test.go' -H 'func Fuzz[A-Za-z0-9]*' . | sed 's/func //' | sort)
exit $failed
