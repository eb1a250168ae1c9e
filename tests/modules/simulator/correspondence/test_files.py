"""The files can be read: by the rules of their formats, to the last byte."""

import re
import struct
import zlib
from io import BytesIO
from typing import Literal
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.files import docx, pdf, png, xlsx
from modules.simulator.correspondence.pool import Pool

CODE = Code(panel="JWG-SDT", year="26", number="031", version="b", author="KR", response_version="a")
LINES = ["Agenda PL25015", "a < b & (c) \\ d", "Élodie"]


def test_a_pdf_has_a_table_that_finds_every_object() -> None:
    content = pdf([LINES, ["second page"]])
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    found = re.search(rb"startxref\n(\d+)\n", content)
    assert found is not None
    table = content[int(found[1]) :].split(b"\n")
    count = int(table[1].split()[1])
    assert table[:1] == [b"xref"]
    assert table[2] == b"0000000000 65535 f "
    for number, entry in enumerate(table[3 : 2 + count], 1):
        assert len(entry) == 19, "with its line end an entry has 20 bytes"
        assert content[int(entry[:10]) :].startswith(b"%d 0 obj\n" % number)
    assert b"/Size %d " % count in content
    assert b"/Count 2 " in content


def test_the_streams_of_a_pdf_are_as_long_as_they_say() -> None:
    content = pdf([LINES])
    ((length, stream),) = re.findall(rb"/Length (\d+) >>\nstream\n(.*?)\nendstream", content, re.DOTALL)
    assert int(length) == len(stream)
    assert b"(Agenda PL25015) Tj" in stream
    assert rb"(a < b & \(c\) \\ d) Tj" in stream
    assert "(Élodie)".encode("latin-1") in stream


@pytest.mark.parametrize("content", [docx(LINES), xlsx([LINES])], ids=["docx", "xlsx"])
def test_an_office_file_is_an_archive_of_xml_whose_parts_are_all_there(content: bytes) -> None:
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        trees = {name: ET.fromstring(archive.read(name)) for name in archive.namelist()}  # noqa: S314 - our own
    texts = [text for tree in trees.values() for text in tree.itertext() if text.strip()]
    assert texts == LINES
    overrides = {each.get("PartName") for each in trees["[Content_Types].xml"] if each.tag.endswith("Override")}
    assert {f"/{name}" for name in trees if not name.endswith((".rels", "Types].xml"))} == overrides
    for name, tree in trees.items():
        folder = name.partition("_rels/")[0]
        if name.endswith(".rels"):
            assert all(f"{folder}{each.get('Target')}" in trees for each in tree)


def test_a_picture_has_right_check_sums_and_as_many_pixels_as_it_says() -> None:
    content = png(30, 20, 7)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, chunks = 8, {}
    while position < len(content):
        (length,) = struct.unpack(">I", content[position : position + 4])
        name, data = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert struct.unpack(">I", content[position + 8 + length : position + 12 + length]) == (
            zlib.crc32(name + data),
        )
        chunks[name] = data
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (30, 20, 8, 2, 0, 0, 0)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 20 * (1 + 3 * 30)


@pytest.mark.parametrize("kind", ["pdf", "docx", "xlsx", "txt"])
def test_a_document_says_its_agenda_and_is_made_once(kind: Literal["pdf", "docx", "xlsx", "txt"]) -> None:
    pool = Pool()
    document = pool.document(CODE, "Title", kind)
    assert b"JWG-SDT26031b" in document.content
    assert document.name == f"JWG-SDT26031bKRa.{kind}"
    assert pool.document(CODE.by("NK", "b"), "Title", kind).content is document.content
    assert Pool().document(CODE, "Title", kind) == document


def test_the_shared_files_are_made_once_and_the_annex_is_long() -> None:
    pool = Pool()
    assert pool.annex is pool.annex
    assert 200_000 < len(pool.annex.content) < 3_000_000
    assert (pool.logo.is_inline, pool.logo.content_id) == (True, "logo@signature")
    assert not pool.photo.is_inline
