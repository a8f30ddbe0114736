"""Cutting a long text into the messages that a channel can show."""

_BREAKS = (("\n\n",), ("\n",), (". ", "! ", "? ", "… ", "; "), (" ",))
"""Where a text may be cut, best first."""


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, in which vendors count: most emoji are two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def split_text(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` UTF-16 units, at a paragraph, a line, a sentence or a
    space where one lies in the second half of a piece; never inside a character."""
    pieces = []
    rest = text
    while utf16_length(rest) > limit:
        end = _best_cut(_longest_start(rest, limit))
        pieces.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    pieces.append(rest)
    return [piece for piece in pieces if piece]


def storable(text: str) -> str:
    """Replace what neither a vendor nor a database takes: NUL, half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")


def _longest_start(text: str, limit: int) -> str:
    return text[:limit].encode("utf-16-le")[: 2 * limit].decode("utf-16-le", "ignore")


def _best_cut(start: str) -> int:
    for marks in _BREAKS:
        end = max(start.rfind(mark) + len(mark) for mark in marks)
        if end > len(start) // 2:
            return end
    return len(start)
