"""A document (DOCX) of headings and lines, which phones open as they are: what is held about somebody."""

import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from handlers import own_data
from handlers.own_data import Document
from storage import holdings, units
from storage.database import Database

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="word/document.xml"/></Relationships>'
)
_TITLE, _HEADING, _LINE = 36, 28, 24
"""Half points."""


class Letters:
    """Makes the documents that messages carry; what it does not know it leaves to `others`."""

    def __init__(
        self,
        database: Database,
        *,
        others: Callable[[dict[str, Any]], Any],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._others = others
        self._now = now

    async def make(self, spec: dict[str, Any]) -> tuple[Any, str]:
        """Return a document and the name that it is sent under. Raises LookupError for nobody we know."""
        if "own_data" not in spec:
            made: tuple[Any, str] = await self._others(spec)
            return made
        async with self._database.read() as transaction:
            city = await units.load_city(transaction, now=self._now())
            held = await holdings.held_about(transaction, spec["own_data"], now=self._now())
            if city is None or held is None:
                raise LookupError("there is nobody of whom anything is held")
            written = await own_data.document(transaction, city, held)
        return as_docx(written), "du-lieu-cua-toi.docx"


def as_docx(document: Document) -> bytes:
    """Return a document as a DOCX file."""
    body = "".join(_paragraphs(document))
    written = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document {_W}><w:body>{body}'
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        archive.writestr("word/document.xml", f"{written}</w:body></w:document>")
    return packed.getvalue()


def _paragraphs(document: Document) -> Iterator[str]:
    yield _paragraph(document.title, _TITLE, bold=True)
    for heading, lines in document.parts:
        yield _paragraph(heading, _HEADING, bold=True)
        for line in lines:
            yield _paragraph(f"• {line}", _LINE)


def _paragraph(text: str, size: int, *, bold: bool = False) -> str:
    look = f'<w:rPr>{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/></w:rPr>'
    lines = [escape(ILLEGAL_CHARACTERS_RE.sub("", line)) for line in text.split("\n")]
    runs = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in lines)
    return f"<w:p><w:r>{look}{runs}</w:r></w:p>"
