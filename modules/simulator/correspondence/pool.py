"""What mails have attached: shared pictures and annexes, made once, and documents made once for each agenda."""

from collections import OrderedDict
from functools import cached_property
from typing import Final, Literal

from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.files import DOCX_TYPE, PDF_TYPE, XLSX_TYPE, docx, pdf, png, xlsx
from modules.simulator.correspondence.layout import LOGO_ID
from modules.simulator.correspondence.societies import SOCIETIES
from modules.simulator.correspondence.wording import BACKGROUND, DETAIL
from modules.simulator.mail.content import File, Link

DocumentType = Literal["pdf", "docx", "xlsx", "txt"]
_TYPES: Final = {"pdf": PDF_TYPE, "docx": DOCX_TYPE, "xlsx": XLSX_TYPE, "txt": "text/plain"}
_KEPT: Final = 256
_ANNEX_PAGES, _ANNEX_LINES = 150, 50


class Pool:
    """The files of one simulator. A document's bytes are one object as long as its agenda is recent."""

    def __init__(self) -> None:
        self._documents: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    @cached_property
    def logo(self) -> File:
        return File(
            name="image001.png",
            content_type="image/png",
            content=png(96, 32, 40),
            is_inline=True,
            content_id=LOGO_ID,
        )

    @cached_property
    def photo(self) -> File:
        return File(name="IMG_2041.png", content_type="image/png", content=png(240, 160, 120))

    @cached_property
    def annex(self) -> File:
        """A long document, some hundreds of kilobytes, about no agenda."""
        lines = [f"{number}. {BACKGROUND['en'][number % len(BACKGROUND['en'])]}" for number in range(_ANNEX_LINES)]
        pages = [[f"Annex, page {page + 1}", *lines] for page in range(_ANNEX_PAGES)]
        return File(name="Annex - calculations.pdf", content_type=PDF_TYPE, content=pdf(pages))

    def document(self, code: Code, title: str, kind: DocumentType) -> File:
        """Return a document of this kind that says `code.agenda`; its name is the code's display form."""
        key = (code.agenda, kind)
        content = self._documents.get(key)
        if content is None:
            content = self._documents[key] = _made(code, title, kind)
            if len(self._documents) > _KEPT:
                self._documents.popitem(last=False)
        return File(name=f"{code.display}.{kind}", content_type=_TYPES[kind], content=content)

    def link(self, code: Code) -> Link:
        return Link(
            name=f"{code.agenda} working folder",
            url=f"https://contoso-class.sharepoint.example/sites/panels/Shared%20Documents/{code.agenda}",
        )


def _made(code: Code, title: str, kind: DocumentType) -> bytes:
    lines = [f"Agenda {code.agenda}", f"Subject: {title}", *BACKGROUND["en"][:3]]
    if kind == "pdf":
        return pdf([lines, [f"Agenda {code.agenda} - annex", *DETAIL["en"][:4]]])
    if kind == "docx":
        return docx([*lines, *BACKGROUND["ko"][:1]])
    if kind == "xlsx":
        comments = [[each.name, code.agenda, DETAIL["en"][index % 5]] for index, each in enumerate(SOCIETIES)]
        return xlsx([["Society", "Agenda", "Comment"], *comments])
    return "\r\n".join([*lines, *DETAIL["ko"][:1]]).encode()
