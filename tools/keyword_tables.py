#!/usr/bin/env python3
"""Makes the tables of screen/keyword/data. Run it only to change them: the results are committed.

    apt-get install unicode-data
    git clone https://github.com/amake/cjk-decomp
    tools/keyword_tables.py cjk-decomp/cjk-decomp.txt

Sources: the Unicode Character Database and Unihan 15.0 (Unicode licence), and the CJK Decomposition Data of Gavin
Grover (offered under six licences; used under the MIT licence). Each line of a table is a target followed by what is
folded to it; of syllables.txt a syllable, a space and the characters read so.
"""
import bz2, collections, pathlib, sys, unicodedata

UCD = pathlib.Path("/usr/share/unicode")
OUT = pathlib.Path(__file__).resolve().parent.parent / "screen/keyword/data"
UNICODE = "Unicode Character Database and Unihan 15.0, Unicode licence (https://www.unicode.org/license.txt)"
DECOMP = "CJK Decomposition Data by Gavin Grover (https://github.com/amake/cjk-decomp), MIT licence"


def unihan(name, *fields):
    table = collections.defaultdict(dict)
    for line in bz2.open(UCD / f"Unihan_{name}.txt.bz2", "rt", encoding="utf-8"):
        part = line.rstrip("\n").split("\t")
        if len(part) == 3 and part[1] in fields:
            table[part[1]][chr(int(part[0][2:], 16))] = part[2]
    return table


def targets(value):
    return [chr(int(v.split("<")[0][2:], 16)) for v in value.split()]


def write(name, source, lines):
    lines = sorted(lines)
    (OUT / name).write_text(f"# {source}\n" + "".join(l + "\n" for l in lines), encoding="utf-8")
    print(name, len(lines))


def grouped(pairs):
    groups = collections.defaultdict(list)
    for source, target in sorted(pairs.items()):
        groups[target].append(source)
    return [t + "".join(s) for t, s in groups.items()]


readings = unihan("Readings", "kMandarin", "kHanyuPinlu", "kTGHZ2013", "kXHC1983")
common = set(readings["kTGHZ2013"])
variants = unihan("Variants", "kSimplifiedVariant", "kZVariant", "kSemanticVariant", "kSpoofingVariant")

# Traditional and variant forms. A form of two simplifications goes to the first that is not itself; other variants only
# when they lie outside the 8,105 standard characters and point at one inside.
fold = {}
for c, v in variants["kSimplifiedVariant"].items():
    to = [t for t in targets(v) if t != c and t in common]
    if to:
        fold[c] = to[0]
for field in "kZVariant", "kSemanticVariant":
    for c, v in variants[field].items():
        to = [t for t in targets(v) if t in common]
        if c not in common and c not in fold and len(to) == 1:
            fold[c] = to[0]
for line in open(UCD / "EquivalentUnifiedIdeograph.txt", encoding="utf-8"):
    part = line.split("#")[0].split(";")
    if len(part) == 2:
        ends = [int(x, 16) for x in part[0].strip().split("..")]
        for c in range(ends[0], ends[-1] + 1):
            if len(unicodedata.normalize("NFKC", chr(c))) == 1 and unicodedata.normalize("NFKC", chr(c)) == chr(c):
                fold.setdefault(chr(c), chr(int(part[1], 16)))


def settle(c):
    seen = {c}
    while c in fold and fold[c] not in seen:
        c = fold[c]
        seen.add(c)
    return c


fold = {c: settle(c) for c in fold if settle(c) != c}
write("variants.txt", UNICODE, grouped(fold))

# Digits and letters in shapes that the normalisation forms leave alone, by their names.
words = {w: str(i) for i, w in enumerate("ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split())}
letters = {}
for code in [*range(0x2460, 0x2800), *range(0x1F100, 0x1F200), *range(0xA700, 0xA7FF), *range(0x1D00, 0x1D80), *range(0x250, 0x2B0), *range(0x180, 0x250)]:
    c = chr(code)
    name = unicodedata.name(c, "")
    if unicodedata.normalize("NFKD", c) != c:
        continue
    if unicodedata.category(c) == "No" and name.split()[-1] in words:
        letters[c] = words[name.split()[-1]]
    elif any(k in name for k in ("SQUARED LATIN CAPITAL LETTER", "CIRCLED LATIN CAPITAL LETTER")) or name.startswith("REGIONAL INDICATOR") or name.startswith("LATIN LETTER SMALL CAPITAL"):
        if len(name.split()[-1]) == 1:
            letters[c] = name.split()[-1].lower()
for target, sources in {  # look-alike letters, after case and marks are gone; the pairs are those of Unicode TR39
    "a": "аαɑ", "b": "ьв", "c": "сϲ", "d": "ԁɗ", "e": "еɛ", "g": "ɡ", "h": "һн", "i": "іιıӏɩ", "j": "јϳ", "k": "кκ", "l": "ɭ", "m": "м",
    "n": "ո", "o": "оοσօ", "p": "рρ", "q": "ԛ", "r": "г", "s": "ѕ", "t": "тτ", "u": "υսʋ", "v": "νѵ", "w": "ԝωѡ", "x": "хχ", "y": "уγү", "z": "ʐ",
}.items():
    letters.update({s: target for s in sources})
for target, sources in {"0": "〇零", "1": "一壹弌", "2": "二贰弍", "3": "三叁弎", "4": "四肆", "5": "五伍", "6": "六陆", "7": "七柒", "8": "八捌", "9": "九玖"}.items():
    letters.update({s: target for s in sources})
write("letters.txt", UNICODE, grouped(letters))

# Syllables: the one reading of texts first (kHanyuPinlu counts, else kMandarin), further common readings in lower lines.
def toneless(s):
    s = unicodedata.normalize("NFD", s).replace("u\u0308", "v")
    return "".join(c for c in s if "a" <= c <= "z")


spoken, others = collections.defaultdict(list), collections.defaultdict(list)
for c in sorted(set(readings["kMandarin"]) & (common | {chr(x) for x in range(0x4E00, 0xA000)})):
    if c in fold and c not in common:
        continue
    first = toneless((readings["kHanyuPinlu"].get(c) or readings["kMandarin"][c]).split()[0].split("(")[0])
    spoken[first].append(c)
    for r in readings["kTGHZ2013"].get(c, "").split():
        for s in r.split(":")[1].split(","):
            if toneless(s) != first and c not in others[toneless(s)]:
                others[toneless(s)].append(c)
write("syllables.txt", UNICODE, [f"{s} {''.join(cs)}" for s, cs in spoken.items()])
write("readings.txt", UNICODE, [f"{s} {''.join(cs)}" for s, cs in others.items() if cs])

# Components: a character and the two that it splits into, side by side.
parts, used = {}, collections.Counter()
trees = {}
for line in open(sys.argv[1], encoding="utf-8"):
    c, tree = line.strip().split(":", 1)
    kind, inner = tree.split("(", 1)
    trees[c] = (kind, inner.rstrip(")").split(","))
alone = {"亻": "人", "氵": "水", "扌": "手", "讠": "言", "钅": "金", "饣": "食", "纟": "丝", "忄": "心", "犭": "犬", "礻": "示", "衤": "衣", "刂": "刀", "阝": "耳", "⻊": "足", "灬": "火", "艹": "草", "攵": "文", "王": "王", "牜": "牛"}
for c, (kind, inner) in trees.items():
    if c in common and kind[0] in "ads" and len(inner) == 2:
        used.update(inner)
        if kind[0] == "a" and all(len(p) == 1 for p in inner):
            parts[c] = inner
lines = []
for c, (a, b) in sorted(parts.items()):
    for left in {a, alone.get(a, a)}:
        for right in {b, alone.get(b, b)}:
            if left > "\u2e7f" and right > "\u2e7f":
                lines.append(c + left + right)
write("components.txt", DECOMP, lines)

# Shapes: characters that share the telling one of their two components (the one that is no radical, else the rarer), and
# those that Unihan calls spoofing variants. A component that tells several characters stands for itself.
radicals = {unicodedata.normalize("NFKC", chr(r)) for r in range(0x2F00, 0x2FD6)} | set(alone) | set(alone.values()) | {"㣺", "罒", "辶", "卄"}
shape = {}
for c, (kind, inner) in trees.items():
    if c in common and kind[0] in "ads" and len(inner) == 2:
        telling = [p for p in inner if p not in radicals] or inner
        telling = [p for p in telling if len(p) == 1]
        if telling:
            shape[c] = min(telling, key=lambda p: (used[p], p))
size = collections.Counter(shape.values())
shape = {c: t for c, t in shape.items() if size[c] < 2}
for c, v in variants["kSpoofingVariant"].items():
    if c in common and targets(v)[0] in common and c not in shape and shape.get(targets(v)[0]) != c:
        shape[c] = targets(v)[0]
write("shapes.txt", DECOMP + "; " + UNICODE, grouped({c: t for c, t in shape.items() if c != t}))
