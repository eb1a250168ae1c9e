"""Files that can be attached: made of the standard library alone, and read by the usual programs.

Documents about an agenda say its code in their text, so that whoever extracts text can be checked.
"""

import struct
import zlib
from collections.abc import Sequence
from html import escape
from io import BytesIO
from typing import Final
from zipfile import ZipFile, ZipInfo

PDF_TYPE: Final = "application/pdf"
DOCX_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SHEET: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Return a PDF 1.4 with these lines of text on its pages. What Latin-1 cannot hold becomes `?`."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for lines in pages:
        stream = _page(lines)
        kids.append(f"{len(objects) + 1} 0 R")
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (len(objects) + 2),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    return _assembled(objects)


def _page(lines: Sequence[str]) -> bytes:
    shown = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    text = "\n".join(f"({line}) Tj T*" for line in shown)
    return f"BT\n/F1 11 Tf\n14 TL\n72 770 Td\n{text}\nET".encode("latin-1", "replace")


def _assembled(objects: Sequence[bytes]) -> bytes:
    """Number the objects and write the table of where each begins."""
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def docx(paragraphs: Sequence[str]) -> bytes:
    body = "".join(
        f'<w:p><w:r><w:t xml:space="preserve">{escape(each, quote=False)}</w:t></w:r></w:p>' for each in paragraphs
    )
    document = f'{_XML}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return _package("word/document.xml", kind, {"word/document.xml": document})


def xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a workbook with one sheet, called Comments."""
    cells = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    relations = f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relation}</Relationships>'
    parts = {
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Comments" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations,
        "xl/worksheets/sheet1.xml": f'{_XML}<worksheet xmlns="{_SHEET}"><sheetData>{cells}</sheetData></worksheet>',
    }
    extra = f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
    return _package("xl/workbook.xml", f"{kind}.sheet.main+xml", parts, extra)


def _cell(value: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value, quote=False)}</t></is></c>'


def _package(main: str, kind: str, parts: dict[str, str], overrides: str = "") -> bytes:
    """Return an Open Packaging container (ECMA-376 part 2) of these parts; the same parts give the same bytes."""
    types = (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{kind}"/>{overrides}</Types>'
    )
    relations = (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="{main}"/></Relationships>'
    )
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, text in {"[Content_Types].xml": types, "_rels/.rels": relations, **parts}.items():
            archive.writestr(ZipInfo(name, _EPOCH), text)
    return out.getvalue()


def png(width: int, height: int, tint: int) -> bytes:
    """Return a picture of true colours: a gradient that begins with this tint."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (tint, (x * 7 + y) & 255, (y * 5) & 255))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
