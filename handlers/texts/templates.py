"""What chairs and officers read about answer templates: lists, previews, refusals."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.texts.common import excerpt
from routing.deadline import LOCAL_TIME

TEMPLATE_FIELDS: Mapping[str, str] = {
    "code": "mã",
    "place": "nơi",
    "street": "đường",
    "ward": "phường",
    "domain": "lĩnh vực",
    "unit": "đơn vị",
    "due": "hạn",
    "received": "ngày gửi",
    "today": "hôm nay",
}
"""What may stand in braces in a template; a reporter's name is none of it."""

TEMPLATE_SAMPLE: Mapping[str, str] = {
    "code": "HN-7F3K-9Q2M",
    "place": "12 Vũ Tông Phan, Phường Khương Đình",
    "street": "12 Vũ Tông Phan",
    "ward": "Phường Khương Đình",
    "domain": "Rác thải, vệ sinh môi trường",
    "due": "17:00 thứ Tư 25/11",
    "received": "23/11/2026",
    "today": "24/11/2026",
}
"""A case for previews; the unit is the template's own."""

_FIELDS = ", ".join(f"{{{name}}}" for name in TEMPLATE_FIELDS.values())


def day(*, at: datetime) -> str:
    """Return a local day with its year: "25/11/2026"."""
    local = at.astimezone(LOCAL_TIME)
    return f"{local.day}/{local.month}/{local.year}"


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


def template_list(*, lines: Sequence[str], count: int, first: int, writes: bool) -> str:
    """List templates; `writes`: the reader may add some."""
    add = "\nBấm «Thêm mẫu» để viết mẫu mới." if writes else "\nMẫu do lãnh đạo đơn vị viết."
    if not lines:
        return f"Chưa có mẫu trả lời nào.{add}"
    shown = f"{first}–{first + len(lines) - 1} trong {count} mẫu"
    return "\n".join([f"Mẫu trả lời ({shown}), bấm một mẫu để xem:", *lines]) + add


def template_line(*, number: int, name: str, domain: str, unit: str, used: int) -> str:
    """Return one line of the list; `domain` is empty for every one, `unit` for the reader's own."""
    of = f" · của {unit}" if unit else ""
    times = f" · đã dùng {used} lần" if used else ""
    return f"{number}. {name} · {domain or 'mọi lĩnh vực'}{of}{times}"


def template_shown(*, name: str, domain: str, unit: str, text: str, sample: str) -> str:
    """Show a template as it was written, and filled in for a case."""
    gaps = "\nChỗ … được hỏi để điền trước khi gửi." if "…" in sample else ""
    about = f"Mẫu «{name}» · {domain or 'mọi lĩnh vực'} · {unit}"
    return f"{about}\n\n{text}\n\nVí dụ khi dùng:\n«{sample}»{gaps}"


def template_gone() -> str:
    """Answer a button of a template that is no longer there, or not within reach."""
    return "Mẫu này không còn hoặc không thuộc đơn vị của anh/chị. Gõ /mau để xem các mẫu."


def templates_refused(*, official: bool) -> str:
    """Answer /mau from somebody without a unit."""
    if official:
        return "Mẫu trả lời dành cho lãnh đạo và chuyên viên của đơn vị. Gõ /trogiup để xem lệnh của anh/chị."
    return (
        "Lệnh này dành cho cán bộ của các đơn vị. Anh/chị muốn phản ánh điều gì, cứ nhắn cho tôi: việc gì, "
        "ở đâu."
    )


def template_not_yours(*, unit: str) -> str:
    """Answer somebody who would change a template of another unit, or is no chair."""
    return f"Mẫu này do lãnh đạo {unit} quản lý, anh/chị chỉ xem và dùng được. Chưa có gì thay đổi."


# ── writing one ──────────────────────────────────────────────────────────────────────────────────


def ask_template_name(*, unit: str) -> str:
    """Ask what a new template is called."""
    return f"Mẫu mới của {unit} tên là gì? Nhắn một tên ngắn, ví dụ: Đã dọn rác."


def ask_new_name(*, name: str) -> str:
    """Ask for another name."""
    return f"Đổi tên mẫu «{name}» thành gì? Nhắn tên mới."


def template_name_too_long(*, limit: int) -> str:
    """Refuse a name that no button holds."""
    return f"Tên mẫu dài quá {limit} chữ cái. Anh/chị nhắn một tên ngắn hơn."


def template_name_taken(*, name: str) -> str:
    """Refuse a name that the unit uses already."""
    return f"Đơn vị đã có mẫu tên «{name}». Anh/chị nhắn một tên khác."


def template_limit(*, unit: str, limit: int) -> str:
    """Refuse one template too many."""
    return f"{unit} đã có đủ {limit} mẫu. Anh/chị xoá một mẫu không còn dùng rồi thêm mẫu mới: /mau."


def ask_template_domain(*, name: str) -> str:
    """Ask for which domain a template is."""
    return f"Mẫu «{name}» dùng cho lĩnh vực nào?"


def ask_template_text(*, name: str) -> str:
    """Ask for the words, and tell which fields are filled in."""
    return (
        f"Nhắn nội dung mẫu «{name}». Những chỗ này được điền tự động từ phản ánh:\n{_FIELDS}\n"
        "Chỗ chỉ biết khi làm xong thì để dấu … (hoặc ba chấm); người trả lời sẽ được hỏi để điền. Ví dụ:\n"
        "Ngày …, … đã dọn sạch rác tại {nơi}."
    )


def template_too_long(*, limit: int) -> str:
    """Refuse words beyond the limit."""
    return f"Nội dung mẫu dài quá {limit} chữ cái. Anh/chị viết gọn lại rồi nhắn lại."


def unknown_fields(*, names: Sequence[str]) -> str:
    """Name the fields that mean nothing, and those that do."""
    return (
        f"Tôi không biết điền gì vào {', '.join(names)}. Anh/chị sửa rồi nhắn lại. Dùng được: {_FIELDS}. "
        "Tên người dân không đưa vào mẫu được."
    )


def template_words_please() -> str:
    """Answer a picture where a template's words are needed."""
    return "Bước này cần chữ. Anh/chị nhắn lại, hoặc bấm Bỏ để dừng."


def template_saved(*, name: str) -> str:
    """Confirm that a template is kept."""
    return f"Đã lưu mẫu «{name}»."


def template_dropped() -> str:
    """Confirm that nothing was kept."""
    return "Đã dừng, mẫu không thay đổi. Gõ /mau để xem các mẫu."


def confirm_delete_template(*, name: str) -> str:
    """Ask before a template is deleted."""
    return f"Xoá mẫu «{name}»? Các câu trả lời đã gửi không bị ảnh hưởng."


def template_deleted(*, name: str) -> str:
    """Confirm that a template is gone."""
    return f"Đã xoá mẫu «{name}»."


def choose_template(*, code: str) -> str:
    """Offer all templates that fit."""
    return f"Chọn mẫu cho {code}, mẫu hay dùng ở trên:"


def command_templates() -> str:
    """Say in a menu what /mau does."""
    return "Mẫu trả lời của đơn vị"


# ── button labels ────────────────────────────────────────────────────────────────────────────────


def label_template(*, name: str) -> str:
    """Label: use a template."""
    return f"Mẫu: {excerpt(name, 22)}"


def label_more_templates() -> str:
    """Label: show all templates that fit."""
    return "Mẫu khác"


def label_add_template(*, unit: str) -> str:
    """Label: write a template; `unit` where the reader has several."""
    return f"Thêm mẫu · {excerpt(unit, 18)}" if unit else "Thêm mẫu"


def template_domain_unclear(*, query: str) -> str:
    """Ask again which domain a template is for, when what was typed names none or several."""
    return f"Tôi chưa rõ lĩnh vực «{query}». Anh/chị bấm một lĩnh vực dưới đây, hoặc gõ tên của nó."


def label_every_domain() -> str:
    """Label: a template for every domain."""
    return "Mọi lĩnh vực"


def label_template_text() -> str:
    """Label: write the words of a template anew."""
    return "Sửa nội dung"


def label_template_name() -> str:
    """Label: rename a template."""
    return "Đổi tên"


def label_template_domain() -> str:
    """Label: change the domain of a template."""
    return "Đổi lĩnh vực"


def label_delete_template() -> str:
    """Label: delete a template."""
    return "Xoá mẫu"


def label_delete_really() -> str:
    """Label: yes, delete it."""
    return "Xoá thật"


def label_all_templates() -> str:
    """Label: back to the list of templates."""
    return "Các mẫu"
