#!/usr/bin/env bash
# What takes too long for `make test`: fuzzing every parser, big files in bounded memory, kill rounds, servers that lose
# what they need. Prints Markdown and keeps it in docs/torture.md. FUZZTIME, ROUNDS and GIGABYTES set the lengths.
set -uo pipefail
cd "$(dirname "$0")/.."
fuzztime=${FUZZTIME:-60s} rounds=${ROUNDS:-200} gigabytes=${GIGABYTES:-2}
report=docs/torture.md
scratch=$(mktemp -d ./torture-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
{
  echo '# Torture'
  echo
  echo "Written by \`make torture\` on $(go version | cut -d' ' -f3), $(nproc) processors."
  echo
  echo "## Kill rounds: \`label --in-place\` killed at a random moment"
  echo
  python3 tools/kill_rounds.py bin/colophon "$scratch" "$rounds"
  echo
  echo "## Files of $gigabytes GB: peak memory (limit 64 MiB)"
  echo
  python3 tools/big_files.py bin/colophon "$scratch" "$gigabytes"
  echo
  echo '## Video: larger films of other presets and forms'
  echo
  COLOPHON_TORTURE=1 go test -count=1 -timeout 60m -run 'Torture|Rotated' ./notice/film > "$scratch/film.log" 2>&1 && echo '- passed' || { echo '- FAILED'; tail -20 "$scratch/film.log"; }
  echo
  echo '## Servers: killed under load, without disk or database, several on one log'
  echo
  COLOPHON_TORTURE=1 go test -count=1 -v -timeout 60m -parallel 1 -run 'TestKillServer|TestOutages|TestSpoiltLog|TestNodes$|TestKillInMidStream|TestDatabaseDiesInMidStream' ./internal/app > "$scratch/server.log" 2>&1 && echo '- passed' || { echo '- FAILED'; tail -20 "$scratch/server.log"; }
  sed -n 's/^ *[a-z_]*_linux_test.go:[0-9]*: /- /p' "$scratch/server.log"
  COLOPHON_TORTURE=1 go test -count=1 -timeout 30m -run 'TestKill$' ./internal/tlog ./internal/blob > "$scratch/kill.log" 2>&1 && echo '- log and blobs alone: passed' || { echo '- FAILED'; tail -20 "$scratch/kill.log"; }
  echo "- load average: $(cut -d' ' -f1-3 /proc/loadavg)"
  go test -race -count=1 -timeout 60m $(go list ./... | grep -E "$PLAIN") > "$scratch/race.log" 2>&1 \
    && echo '- what `make test` tests without the race detector, with it: passed' || { echo '- FAILED'; tail -20 "$scratch/race.log"; }
  echo
  echo "## Fuzzing, $fuzztime each"
  echo
  bash tools/fuzz.sh "$fuzztime" | sed 's/^/- /'
} | tee "$scratch/report.md"
mv "$scratch/report.md" "$report"
! grep -q 'FAILED' "$report"
