"""What officials read when units are merged, split, renamed or moved."""

from datetime import date


def _from(day: date) -> str:
    return f"Từ {day:%d/%m/%Y}"


def _cases(count: int) -> str:
    return f"{count} việc đang mở được chuyển sang" if count else "không có việc đang mở phải chuyển"


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} và {names[-1]}"


def reorganised_merged(*, day: date, names: list[str], unit: str, cases: int) -> str:
    """Tell of units that are over and whose work one unit has now."""
    return f"{_from(day)}, {_named(names)} sáp nhập vào {unit}; {_cases(cases)}."


def reorganised_split(*, day: date, name: str, names: list[str], unit: str, cases: int) -> str:
    """Tell one of the units that a unit was split into."""
    return f"{_from(day)}, {name} được chia thành {_named(names)}; {unit}: {_cases(cases)}."


def reorganised_part(*, day: date, name: str, unit: str, cases: int) -> str:
    """Tell of a part of a unit's work that another unit has now."""
    return f"{_from(day)}, một phần việc của {name} giao cho {unit}; {_cases(cases)}."


def reorganised_renamed(*, day: date, was: str, unit: str) -> str:
    """Tell of a unit's new name."""
    return f"{_from(day)}, {was} đổi tên thành {unit}."


def reorganised_moved(*, day: date, unit: str, parent: str) -> str:
    """Tell of the unit that stands above another now."""
    return f"{_from(day)}, {unit} trực thuộc {parent}."


def reorganised_unsure(*, unit: str, cases: int) -> str:
    """Say that the place of some cases does not tell whose they are."""
    return (
        f"Có {cases} việc chưa rõ thuộc đơn vị mới nào nên tạm giao cho {unit}; việc nào không phải của "
        "mình, xin bấm “Chuyển đơn vị” trong phiếu việc."
    )


def reorganised(*, lines: list[str]) -> str:
    """Tell an official what has changed about their units, in one message."""
    told = "\n".join(f"• {line}" for line in lines)
    return (
        f"Thay đổi tổ chức:\n{told}\n"
        "Thời hạn của từng việc giữ nguyên; việc đã trả lời vẫn mang tên đơn vị đã trả lời. "
        "Anh/chị xem việc của mình bằng lệnh /viec."
    )


def reorganised_summary(*, lines: list[str], more: int) -> str:
    """Tell dispatchers and administrators what was carried out."""
    told = "\n".join(f"• {line}" for line in lines)
    return f"Đã thực hiện thay đổi tổ chức:\n{told}" + (f"\n… và {more} thay đổi khác." if more else "")


def reorganise_failed(*, day: date, problems: list[str]) -> str:
    """Tell administrators that a planned change cannot be carried out."""
    told = "\n".join(f"• {problem}" for problem in problems)
    return (
        f"Thay đổi tổ chức định cho ngày {day:%d/%m/%Y} chưa thực hiện được, chưa có gì thay đổi:\n{told}\n"
        "Xin sửa tệp rồi chạy lại: python -m bot org change --list."
    )
