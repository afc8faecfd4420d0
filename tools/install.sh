#!/usr/bin/env bash
# Installs the programs that the tests need and that are missing (Debian). Needs root for that; prints what is missing
# otherwise.
set -euo pipefail
declare -A package=(
  [ffmpeg]=ffmpeg [ffprobe]=ffmpeg [exiftool]=libimage-exiftool-perl [exiv2]=exiv2 [qpdf]=qpdf [mediainfo]=mediainfo
  [mkvmerge]=mkvtoolnix [pdfinfo]=poppler-utils [vips]=libvips-tools [heif-enc]=libheif-examples [cwebp]=webp
  [tiffinfo]=libtiff-tools [identify]=imagemagick [flac]=flac [oggenc]=vorbis-tools [opusenc]=opus-tools [openssl]=openssl
  [soffice]=libreoffice-writer [rsvg-convert]=librsvg2-bin [python3]=python3 [gcc]=gcc [jpegtran]=libjpeg-turbo-progs [xmllint]=libxml2-utils [heif-convert]=libheif-examples [metaflac]=flac [pdftoppm]=poppler-utils [mkvextract]=mkvtoolnix [ogginfo]=vorbis-tools [opusinfo]=opus-tools [zip]=zip [unzip]=unzip
  [cjpeg]=libjpeg-turbo-progs [webpmux]=webp [pdftotext]=poppler-utils [node]=nodejs [chromium]=chromium [chromium-headless-shell]=chromium-headless-shell [file]=file [fc-list]=fontconfig [npm]=npm [basenc]=coreutils [jq]=jq [curl]=curl [make]=make
)
missing=()
for program in "${!package[@]}"; do
  command -v "$program" > /dev/null || missing+=("${package[$program]}")
done
perl -MArchive::Zip -e1 2> /dev/null || missing+=(libarchive-zip-perl)
for component in calc impress; do
  command -v soffice > /dev/null && compgen -G "/usr/lib/libreoffice/share/registry/$component.xcd" > /dev/null || missing+=("libreoffice-$component")
done
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql) # the tests start servers of their own
[[ "$(fc-list 2> /dev/null || true)" == *NotoSansCJK* ]] || missing+=(fonts-noto-cjk) # documents and pages are drawn with Chinese words
[ ${#missing[@]} -eq 0 ] && exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
echo "installing: ${missing[*]}"
if [ "$(id -u)" -ne 0 ]; then
  echo "not root: install them with  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
