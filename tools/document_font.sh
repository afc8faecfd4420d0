#!/usr/bin/env bash
# Makes the font of the documents, internal/document/font/sheet.ttf.zst: Noto Sans SC Regular (SIL Open Font License 1.1;
# its text is committed beside the font) with all of its Chinese characters, Latin, Greek, Cyrillic, kana and symbols.
# Needs npm, pyftsubset (Debian: python3-fonttools) and zstd. Run it only to change the font: the result is committed.
set -euo pipefail
out="$(cd "$(dirname "$0")/../internal/document/font" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @expo-google-fonts/noto-sans-sc@0.4.3 > /dev/null
tar xzf expo-google-fonts-noto-sans-sc-0.4.3.tgz package/LICENSE_FONT package/400Regular/NotoSansSC_400Regular.ttf
pyftsubset package/400Regular/NotoSansSC_400Regular.ttf \
  --unicodes='U+0020-007E,U+00A0-02FF,U+0370-04FF,U+1E00-1EFF,U+2000-2BFF,U+2E80-33FF,U+3400-9FFF,U+F900-FAFF,U+FE10-FE6F,U+FF00-FFEF,U+20000-3FFFF' \
  --layout-features='' --no-hinting --drop-tables+=DSIG,GSUB,GPOS,GDEF,BASE,STAT,vhea,vmtx,VORG,gasp,prep \
  --name-IDs='0,1,2,3,4,5,6,13,14' --output-file=sheet.ttf
zstd --quiet --ultra -22 --force sheet.ttf -o "$out/sheet.ttf.zst"
cp package/LICENSE_FONT "$out/OFL.txt"
ls -l "$out"
