"""What citizens read when one message tells of several problems, and what their units see of it."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import excerpt, kind_name, moment

_PART_SHOWN = 120


def several_matters(*, lines: Sequence[str]) -> str:
    """Say which problems were seen in one message, and offer to send each apart."""
    return "\n".join(
        [
            f"Anh/chị nêu {len(lines)} việc:",
            *lines,
            "Gửi riêng từng việc thì mỗi nơi trả lời đúng phần mình.",
        ]
    )


def another_matter(*, lines: Sequence[str]) -> str:
    """Ask whether the last message is a report of its own; nothing was sent yet."""
    return "\n".join(
        [
            "Tin vừa rồi có vẻ là một việc khác với phản ánh anh/chị đang viết (chưa gửi):",
            *lines,
            "Gửi thành việc mới thì mỗi nơi trả lời đúng phần mình. Anh/chị chọn giúp tôi.",
        ]
    )


def matter_line(*, count: int, text: str, domain: str, more: int) -> str:
    """Return one line of those: number, the citizen's words, the domain, how many more matters it holds."""
    return f"{count}. {excerpt(text, _PART_SHOWN)} ({domain}){_and_more(more)}"


def _and_more(more: int) -> str:
    return f" (và {more} việc khác)" if more else ""


def understood_apart(*, lines: Sequence[str], photos: int, consent: str) -> str:
    """Show what was understood of each problem, above the button that agrees and sends them all."""
    shown = [f"Tôi hiểu là {len(lines)} việc, gửi riêng, anh/chị xem giúp:", *lines]
    if photos:
        shown.append(f"Ảnh: {photos}, gửi kèm với từng việc")
    return "\n".join([*shown, "", consent])


def matter_understood(
    *,
    count: int,
    text: str,
    kind: str,
    domain: str,
    place: str,
    ward_known: bool,
    unit: str,
    due_at: datetime | None,
    unsure: bool,
    urgent: bool,
    more: int,
) -> str:
    """Show what was understood of one problem among several; it may hold some more."""
    due = f"trước {moment(due_at)}" if due_at else "báo ngay khi có đơn vị nhận"
    unknown = "chưa rõ phường/xã"
    where = place if ward_known else f"{place} ({unknown})" if place else unknown
    lines = [
        f"{count}. {kind_name(kind)}: {excerpt(text, _PART_SHOWN)}{_and_more(more)}",
        f"• Lĩnh vực: {domain}" + (" (tôi chưa chắc)" if unsure else ""),
        f"• Nơi: {where}",
        f"• Đơn vị trả lời: {unit or 'người điều phối sẽ chọn đơn vị phù hợp'}",
        f"• Hạn trả lời: {due}",
    ]
    if urgent:
        lines.append("• Khẩn: được xem trước")
    return "\n".join(lines)


def consent_for_all(*, city: str, anonymous: bool, count: int) -> str:
    """Say what happens to personal data in all of them; stored with each case exactly as it was shown."""
    shown = (
        "Các đơn vị giải quyết không thấy tên và số điện thoại của anh/chị"
        if anonymous
        else "Các đơn vị giải quyết thấy tên và số điện thoại (nếu anh/chị đã cho)"
    )
    return (
        f"Bấm «Đồng ý và gửi cả {count} việc» là anh/chị đồng ý để {city} lưu và dùng nội dung, ảnh, vị trí, "
        f"tên và tài khoản chat của anh/chị, chỉ để giải quyết {count} việc này và báo kết quả. {shown}."
    )


def ask_place_of(*, matters: Sequence[str], candidates: bool) -> str:
    """Ask for the ward of some of the problems."""
    choose = "chọn một nút, gõ tên phường/xã" if candidates else "gõ tên phường/xã"
    asked = "\n".join(matters)
    return f"{asked}\nViệc này ở phường/xã nào? Anh/chị {choose}, hoặc gửi vị trí."


def place_of_matter_elsewhere(*, matters: Sequence[str], place: str, city: str) -> str:
    """Say that the place of a problem lies outside the city, and ask for one inside."""
    asked = "\n".join(matters)
    return (
        f"{asked}\n«{place}» không thuộc {city}. Nếu việc này xảy ra ở {city}, anh/chị gõ tên phường/xã hoặc "
        "gửi vị trí; nếu không, bấm «Tôi không rõ» rồi bỏ việc này."
    )


def correct_matter(*, matter: str) -> str:
    """Ask what is wrong with one of the problems."""
    return f"{matter}\nAnh/chị muốn sửa gì ở việc này?"


def cases_filed(*, lines: Sequence[str], photos: int) -> str:
    """Confirm several reports that were sent together, each with its code."""
    kept = f" (kèm {photos} ảnh mỗi việc)" if photos else ""
    return "\n".join(
        [
            f"Đã gửi {len(lines)} việc{kept}. Cảm ơn anh/chị!",
            *lines,
            "Có tin mới tôi sẽ nhắn tại đây. Gõ /cuatoi để xem lại.",
        ]
    )


def case_filed_line(*, code: str, text: str, master: str, unit: str, due_at: datetime | None) -> str:
    """Return one line of those: code, the citizen's words, who answers and by when.

    `master` is the code of the case that it joined, empty for none.
    """
    if unit and due_at:
        follow = f"{unit} trả lời trước {moment(due_at)}"
    else:
        follow = "người điều phối sẽ chọn đơn vị phù hợp"
    joined = f"gộp vào vụ việc {master}; " if master else ""
    return f"Mã {code}: {excerpt(text, 60)}\n→ {joined}{follow}."


def emergency_goes_ahead(*, count: int) -> str:
    """Say that an emergency is sent at once, and the other matters of the message after it."""
    return f"Việc khẩn này gửi đi trước, chỉ cần một lần bấm. {count} việc còn lại tôi hỏi ngay sau đó."


def rest_follows() -> str:
    """Turn to what an emergency did not wait for."""
    return "Việc khẩn đã gửi. Giờ đến phần còn lại trong tin của anh/chị (chưa gửi):"


def content_changed() -> str:
    """Answer a button of a question whose words have changed since; the draft is shown again below."""
    return "Nội dung đã thay đổi sau câu hỏi đó nên tôi chưa làm gì. Anh/chị xem lại bản mới nhất:"


def message_taken_back() -> str:
    """Confirm that only the last message was thrown away."""
    return "Tôi đã bỏ tin vừa rồi. Phản ánh anh/chị đang viết vẫn còn nguyên:"


def edit_of_several(*, codes: Sequence[str]) -> str:
    """Answer an edit of a message that was sent as several reports: which one is it for?"""
    return (
        f"Tin này đã được gửi thành các việc {', '.join(codes)} và giữ nguyên bản gốc. Anh/chị bấm vào mã "
        "của việc cần sửa rồi chọn «Bổ sung» để viết điều thay đổi."
    )


def part_of_message(*, count: int, total: int) -> str:
    """Tell a unit that the report is part of a longer message; the other parts are not theirs to read."""
    return f"Việc {count} trong {total} việc mà người dân nêu trong một tin; các việc khác có mã riêng."


def still_no_feedback(*, kind: str) -> str:
    """Answer further words to what was explained already; the buttons say how to go on."""
    name = kind_name(kind).lower()
    return (
        f"Tôi đã giữ lời anh/chị vừa viết. Nội dung vẫn giống {name} nên tôi chưa gửi đi đâu; "
        "cách làm tôi đã nhắn ở trên. Anh/chị bấm nút dưới đây nếu muốn gửi tiếp, hoặc bấm «Huỷ»."
    )


def label_apart(*, count: int) -> str:
    """Label: send each problem as a report of its own."""
    return f"Gửi riêng {count} việc"


def label_together() -> str:
    """Label: send everything as one report."""
    return "Gửi chung một phản ánh"


def label_send_rest() -> str:
    """Label: send only what is no matter of law."""
    return "Chỉ gửi việc còn lại"


def label_new_matter() -> str:
    """Label: the last message is a report of its own."""
    return "Việc mới"


def label_same_matter() -> str:
    """Label: the last message belongs to the report that is being written."""
    return "Thêm vào phản ánh đang viết"


def label_send_all(*, count: int) -> str:
    """Label: agree to the handling of personal data and send all problems."""
    return f"Đồng ý và gửi cả {count} việc"


def label_correct_matter(*, count: int) -> str:
    """Label: correct one of the problems."""
    return f"Sửa việc {count}"


def label_drop_matter() -> str:
    """Label: do not send this one of the problems."""
    return "Bỏ việc này"
