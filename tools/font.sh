#!/usr/bin/env bash
# Makes the font of the plates, notice/font/notice.ttf: the glyphs of our notices, and of what services commonly add
# to them, out of Noto Sans SC Medium (SIL Open Font License 1.1; its text is committed beside the font). Needs npm and
# pyftsubset (Debian: python3-fonttools). Run it only to change the set of glyphs: the result is committed.
set -euo pipefail
out="$(cd "$(dirname "$0")/../notice/font" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @expo-google-fonts/noto-sans-sc@0.4.3 > /dev/null
tar xzf expo-google-fonts-noto-sans-sc-0.4.3.tgz package/LICENSE_FONT package/500Medium/NotoSansSC_500Medium.ttf
words='人工智能生成合成由本内容为图片图像视频音频语音声音文字文本文章作品画面场景虚拟数字人主播形象深度编辑辅助创作制作技术服务提供仅供参考请注意甄别辨标识示提醒疑似可能含有部分经过了的是非真实用于和与及或在此该以上下中之不代表任何观点机器算法模型大式对话回答写翻译修复增强换脸仿配音演员角色绘动漫电影片段广告新闻资讯教育医疗完全全部一二三四五六七八九十年月日号编码来源版权所属公司平台网络互联信息'
pyftsubset package/500Medium/NotoSansSC_500Medium.ttf --text="$words" \
  --unicodes='U+0020-007E,U+00A0,U+00A9,U+00AB,U+00AE,U+00B7,U+00BB,U+00D7,U+2010-2015,U+2018-201D,U+2022,U+2026,U+3000-3002,U+3008-3011,U+3014,U+3015,U+FF01,U+FF08,U+FF09,U+FF0C,U+FF0E,U+FF0F,U+FF1A,U+FF1B,U+FF1F,U+FF5C' \
  --layout-features='' --no-hinting --desubroutinize --drop-tables+=DSIG,GSUB,GPOS,GDEF,BASE,STAT,vhea,vmtx,VORG,gasp,prep \
  --name-IDs='0,1,2,3,4,5,6,13,14' --output-file="$out/notice.ttf"
cp package/LICENSE_FONT "$out/OFL.txt"
ls -l "$out"
