#!/usr/bin/env bash
# Makes the spoken clips of notice/sound with espeak-ng (a free synthesiser; Debian: espeak-ng) and ffmpeg. Run it only to
# change the clips: the results are committed. A test of notice/sound measures their speed: 120 to 160 characters (English:
# syllables) a minute, GB 45438-2025 5.3 note 4.
set -euo pipefail
out="$(cd "$(dirname "$0")/../notice/sound/clips" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# clip NAME VOICE SPEED GAP WORDS: silence cut at both ends, peaks evened out so that loud programmes can be matched,
# 16 kHz 16-bit mono, stored as differences of neighbouring samples and compressed.
clip() {
  espeak-ng -v "$2" -s "$3" -g "$4" -a 120 -w "$work/$1.wav" "$5"
  local cut="silenceremove=start_periods=1:start_threshold=-45dB"
  ffmpeg -hide_banner -loglevel error -nostdin -y -i "$work/$1.wav" -f s16le -ac 1 -ar 16000 -bitexact -af \
    "highpass=f=90,$cut,areverse,$cut,areverse,acompressor=threshold=-24dB:ratio=4:attack=2:release=60:makeup=4,alimiter=limit=0.5:level=false,aresample=16000:dither_method=none" \
    "$work/$1.raw"
  python3 - "$work/$1.raw" "$out/$1.gz" <<'PY'
import array, gzip, sys
a = array.array("h", open(sys.argv[1], "rb").read())
d = array.array("H", ((x - y) & 0xFFFF for x, y in zip(a, [0] + list(a[:-1]))))
open(sys.argv[2], "wb").write(gzip.compress(d.tobytes(), 9, mtime=0))
print(sys.argv[2], len(a) / 16000, "s")
PY
}

# In pinyin: the dictionary of the voice for characters reads 人工 and 能 as if they were English.
clip zh cmn-latn-pinyin 130 0 "ren2 gong1 zhi4 neng2 sheng1 cheng2"
clip en en-us 80 12 "A.I. generated"
ls -l "$out"
