"""What people read when they search."""

from collections.abc import Sequence

from handlers.texts.common import excerpt

_SHOWN = 70


def command_search() -> str:
    """Describe the command that searches."""
    return "Tìm vụ việc theo từ, đường, tên người"


def ask_for_words(*, official: bool) -> str:
    """Ask what to search for."""
    who = ", tên hoặc số điện thoại người gửi" if official else ""
    return f"Anh/chị gõ /tim rồi tới điều cần tìm: mã, nội dung, tên đường{who}. Ví dụ: /tim ổ gà Nguyễn Trãi"


def nothing_found(*, query: str, complete: bool) -> str:
    """Say that no case holds all the words; not complete: none of the newest, where very many hold them."""
    if not complete:
        return (
            f"Rất nhiều vụ việc có các từ «{excerpt(query, 60)}»; trong những vụ việc mới nhất chưa thấy vụ "
            "việc nào anh/chị được xem. Anh/chị gõ thêm một từ, ví dụ tên đường, để thu hẹp."
        )
    return (
        f"Không thấy vụ việc nào có đủ các từ «{excerpt(query, 60)}». Anh/chị thử ít từ hơn, có dấu hay "
        "không đều được."
    )


def found_cases(*, query: str, lines: Sequence[str], more: bool) -> str:
    """List what was found."""
    rest = ["Còn nữa: gõ thêm một từ để thu hẹp."] if more else []
    return "\n".join([f"Tìm «{excerpt(query, 60)}»:", *lines, *rest])


def found_line(*, number: int, code: str, status: str, domain: str, place: str, text: str) -> str:
    """Return one line of what was found; the status in the reader's own words."""
    where = f" · {place}" if place else ""
    return f"{number}. {code} · {status} · {domain}{where}\n   «{excerpt(text, _SHOWN)}»"
