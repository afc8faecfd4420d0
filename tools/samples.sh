#!/usr/bin/env bash
# Makes the small sample files of internal/app/sample/data, one of each format, with the tools of the field. Run it only
# to change the samples: the results are committed.
set -euo pipefail
cd "$(dirname "$0")/../internal/app/sample/data"
rm -f sample.*
ff() { ffmpeg -hide_banner -loglevel error -nostdin -y "$@"; }
picture=(-f lavfi -i "gradients=s=96x64:c0=0x1d3557:c1=0xe9c46a:x0=0:y0=0:x1=96:y1=64:d=1:r=8:seed=7")
tone=(-f lavfi -i "sine=frequency=440:sample_rate=16000:duration=1")
quiet=(-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact)
h264=(-c:v libx264 -preset veryslow -crf 30 -pix_fmt yuv420p -x264-params "no-info=1")

ff "${picture[@]}" -frames:v 1 "${quiet[@]}" sample.png
ff -i sample.png -q:v 4 "${quiet[@]}" sample.jpg
ff "${picture[@]}" -t 0.5 -plays 0 -f apng "${quiet[@]}" sample.apng
ff -i sample.png -c:v libwebp -quality 70 "${quiet[@]}" sample.webp
ff "${picture[@]}" -t 0.4 -vf "scale=48:32" "${quiet[@]}" sample.gif
ff -i sample.png -compression_algo deflate "${quiet[@]}" sample.tiff
ff -i sample.png -c:v libaom-av1 -still-picture 1 -crf 40 -cpu-used 6 "${quiet[@]}" sample.avif
heif-enc -q 40 sample.png -o sample.heic > /dev/null
ff "${picture[@]}" "${tone[@]}" -t 1 "${h264[@]}" -c:a aac -b:a 24k -movflags +faststart "${quiet[@]}" sample.mp4
ff "${picture[@]}" "${tone[@]}" -t 1 "${h264[@]}" -c:a aac -b:a 24k "${quiet[@]}" sample.mov
ff "${picture[@]}" "${tone[@]}" -t 1 "${h264[@]}" -c:a aac -b:a 24k "${quiet[@]}" sample.mkv
ff "${picture[@]}" "${tone[@]}" -t 1 -c:v libvpx-vp9 -pix_fmt yuv420p -crf 45 -b:v 0 -c:a libopus -b:a 16k "${quiet[@]}" sample.webm
ff "${picture[@]}" "${tone[@]}" -t 1 -c:v mpeg4 -q:v 12 -c:a libmp3lame -b:a 24k "${quiet[@]}" sample.avi
ff "${picture[@]}" "${tone[@]}" -t 1 "${h264[@]}" -c:a aac -b:a 24k "${quiet[@]}" sample.flv
ff "${picture[@]}" "${tone[@]}" -t 0.5 "${h264[@]}" -c:a aac -b:a 24k "${quiet[@]}" sample.ts
ff "${tone[@]}" -c:a aac -b:a 24k "${quiet[@]}" sample.m4a
ff "${tone[@]}" -t 0.4 -c:a pcm_s16le "${quiet[@]}" sample.wav
ff "${tone[@]}" -t 0.4 -c:a pcm_s16le -rf64 always -f wav "${quiet[@]}" sample.rf64
ff "${tone[@]}" -c:a libmp3lame -b:a 16k "${quiet[@]}" sample.mp3
ff "${tone[@]}" -t 0.5 -c:a flac -compression_level 12 "${quiet[@]}" sample.flac
ff "${tone[@]}" -c:a libvorbis -q:a 0 "${quiet[@]}" sample.ogg
ff "${tone[@]}" -c:a libopus -b:a 16k "${quiet[@]}" sample.opus
ff "${tone[@]}" -t 0.5 -c:a aac -b:a 24k -f adts "${quiet[@]}" sample.aac
python3 ../../../../tools/samples.py
ls -la
