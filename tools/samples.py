"""Makes the sample files that no tool makes small: documents, a drawing, a scene, texts."""
import json
import struct
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)


def archive(name, parts, stored=()):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as z:
        for path, text in parts.items():
            info = zipfile.ZipInfo(path, EPOCH)
            info.compress_type = zipfile.ZIP_STORED if path in stored else zipfile.ZIP_DEFLATED
            z.writestr(info, text)


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PKG = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument."


def types(overrides):
    rows = "".join(f'<Override PartName="{p}" ContentType="{TYPE}{t}+xml"/>' for p, t in overrides)
    return (XML + f'<Types xmlns="{PKG}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>')


def rels(rows):
    body = "".join(f'<Relationship Id="rId{i}" Type="{REL}/{t}" Target="{target}"/>' for i, (t, target) in enumerate(rows, 1))
    return XML + f'<Relationships xmlns="{PKG}/relationships">{body}</Relationships>'


WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
document = XML + f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>题跋 Colophon</w:t></w:r></w:p></w:body></w:document>'
for ext, kind in (("docx", "document.main"), ("dotx", "template.main")):
    archive(f"sample.{ext}", {
        "[Content_Types].xml": types([("/word/document.xml", "wordprocessingml." + kind)]),
        "_rels/.rels": rels([("officeDocument", "word/document.xml")]),
        "word/document.xml": document,
    })

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
for ext, kind in (("xlsx", "sheet.main"), ("xltx", "template.main")):
    archive(f"sample.{ext}", {
        "[Content_Types].xml": types([("/xl/workbook.xml", "spreadsheetml." + kind), ("/xl/worksheets/sheet1.xml", "spreadsheetml.worksheet")]),
        "_rels/.rels": rels([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": XML + f'<workbook xmlns="{SHEET}" xmlns:r="{REL}"><sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": rels([("worksheet", "worksheets/sheet1.xml")]),
        "xl/worksheets/sheet1.xml": XML + f'<worksheet xmlns="{SHEET}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>题跋</t></is></c></row></sheetData></worksheet>',
    })

P = "http://schemas.openxmlformats.org/presentationml/2006/main"
A = "http://schemas.openxmlformats.org/drawingml/2006/main"
TREE = ('<p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/></p:spTree></p:cSld>')
NS = f'xmlns:p="{P}" xmlns:a="{A}" xmlns:r="{REL}"'
COLOURS = "".join(f'<a:{n}><a:srgbClr val="{v}"/></a:{n}>' for n, v in (
    ("dk1", "000000"), ("lt1", "FFFFFF"), ("dk2", "1D3557"), ("lt2", "F1FAEE"), ("accent1", "E9C46A"), ("accent2", "2A9D8F"),
    ("accent3", "F4A261"), ("accent4", "E76F51"), ("accent5", "457B9D"), ("accent6", "A8DADC"), ("hlink", "0000FF"), ("folHlink", "800080")))
FONT = '<a:latin typeface=""/><a:ea typeface=""/><a:cs typeface=""/>'
FILL = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
theme = (XML + f'<a:theme xmlns:a="{A}" name="t"><a:themeElements><a:clrScheme name="c">{COLOURS}</a:clrScheme><a:fontScheme name="f"><a:majorFont>{FONT}</a:majorFont>'
         f'<a:minorFont>{FONT}</a:minorFont></a:fontScheme><a:fmtScheme name="m"><a:fillStyleLst>{FILL * 3}</a:fillStyleLst><a:lnStyleLst>{("<a:ln>" + FILL + "</a:ln>") * 3}</a:lnStyleLst>'
         f'<a:effectStyleLst>{"<a:effectStyle><a:effectLst/></a:effectStyle>" * 3}</a:effectStyleLst><a:bgFillStyleLst>{FILL * 3}</a:bgFillStyleLst></a:fmtScheme></a:themeElements></a:theme>')
MAP = '<p:clrMap bg1="lt1" tx1="dk1" bg2="lt2" tx2="dk2" accent1="accent1" accent2="accent2" accent3="accent3" accent4="accent4" accent5="accent5" accent6="accent6" hlink="hlink" folHlink="folHlink"/>'
for ext, kind in (("pptx", "presentation.main"), ("potx", "template.main")):
    archive(f"sample.{ext}", {
        "[Content_Types].xml": types([
            ("/ppt/presentation.xml", "presentationml." + kind), ("/ppt/slides/slide1.xml", "presentationml.slide"),
            ("/ppt/slideLayouts/slideLayout1.xml", "presentationml.slideLayout"), ("/ppt/slideMasters/slideMaster1.xml", "presentationml.slideMaster"),
            ("/ppt/theme/theme1.xml", "theme")]),
        "_rels/.rels": rels([("officeDocument", "ppt/presentation.xml")]),
        "ppt/presentation.xml": XML + f'<p:presentation {NS}><p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst><p:sldIdLst><p:sldId id="256" r:id="rId2"/></p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>',
        "ppt/_rels/presentation.xml.rels": rels([("slideMaster", "slideMasters/slideMaster1.xml"), ("slide", "slides/slide1.xml")]),
        "ppt/slides/slide1.xml": XML + f'<p:sld {NS}>{TREE}</p:sld>',
        "ppt/slides/_rels/slide1.xml.rels": rels([("slideLayout", "../slideLayouts/slideLayout1.xml")]),
        "ppt/slideLayouts/slideLayout1.xml": XML + f'<p:sldLayout {NS} type="blank">{TREE}</p:sldLayout>',
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": rels([("slideMaster", "../slideMasters/slideMaster1.xml")]),
        "ppt/slideMasters/slideMaster1.xml": XML + f'<p:sldMaster {NS}>{TREE}{MAP}<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst></p:sldMaster>',
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": rels([("slideLayout", "../slideLayouts/slideLayout1.xml"), ("theme", "../theme/theme1.xml")]),
        "ppt/theme/theme1.xml": theme,
    })

archive("sample.epub", {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    "book.opf": '<?xml version="1.0" encoding="utf-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n<dc:identifier id="id">urn:uuid:6f2a1c1e-6d0b-4a2e-9b59-0c6a4d1f0a01</dc:identifier>\n<dc:title>题跋</dc:title>\n<dc:language>zh</dc:language>\n<meta property="dcterms:modified">2025-09-01T00:00:00Z</meta>\n</metadata>\n<manifest><item id="p" href="page.xhtml" media-type="application/xhtml+xml"/><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/></manifest>\n<spine><itemref idref="p"/></spine>\n</package>\n',
    "page.xhtml": '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>题跋</title></head><body><p>Colophon</p></body></html>',
    "nav.xhtml": '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>nav</title></head><body><nav epub:type="toc"><ol><li><a href="page.xhtml">1</a></li></ol></nav></body></html>',
}, stored=("mimetype",))

objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    "<< /Length 41 >>\nstream\nBT /F 18 Tf 40 45 Td (Colophon) Tj ET    \n\nendstream",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    "<< /Title (Sample) >>",
]
out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
for number, body in enumerate(objects, 1):
    offsets.append(len(out))
    out += f"{number} 0 obj\n{body}\nendobj\n".encode()
start = len(out)
out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(b"%010d 00000 n \n" % o for o in offsets)
out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
open("sample.pdf", "wb").write(out)

points = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
scene = json.dumps({
    "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]}],
    "bufferViews": [{"buffer": 0, "byteLength": len(points)}], "buffers": [{"byteLength": len(points)}]}, separators=(",", ":")).encode()
scene += b" " * (-len(scene) % 4)
open("sample.glb", "wb").write(
    struct.pack("<4sII", b"glTF", 2, 28 + len(scene) + len(points)) + struct.pack("<I4s", len(scene), b"JSON") + scene
    + struct.pack("<I4s", len(points), b"BIN\0") + points)

open("sample.svg", "w").write('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 64">\n  <title>Colophon</title>\n  <rect width="96" height="64" fill="#1d3557"/>\n  <circle cx="48" cy="32" r="20" fill="#e9c46a"/>\n</svg>\n')
open("sample.html", "w").write('<!DOCTYPE html>\n<html lang="zh">\n<head>\n<meta charset="utf-8">\n<title>题跋</title>\n</head>\n<body><p>Colophon</p></body>\n</html>\n')
open("sample.md", "w").write("# 题跋\n\nColophon is the note at the end of a scroll.\n")
open("sample.txt", "w").write("题跋 Colophon\nA note at the end of a scroll that says who made it.\n")
# Ten AMR frames of type 15 (no data), 20 ms each.
open("sample.amr", "wb").write(b"#!AMR\n" + b"\x7c" * 10)
