"""What officials read about posts: what one holds, deputies, leaving, and work that is handed on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers.texts.common import moment
from routing.deadline import LOCAL_TIME

_ROLES = {
    "chair": "lãnh đạo",
    "officer": "chuyên viên",
    "leader": "lãnh đạo thành phố",
    "dispatcher": "cán bộ điều phối",
    "admin": "quản trị",
}


def _last_day(ends_at: datetime) -> str:
    """Return the last day on which something is held that ends at this moment."""
    local = (ends_at - timedelta(microseconds=1)).astimezone(LOCAL_TIME)
    return f"{local.day}/{local.month}/{local.year}"


def _post(role: str, unit: str) -> str:
    return f"{_ROLES[role]} – {unit}"


def someone() -> str:
    """Name somebody whose name is not known."""
    return "Cán bộ chưa ghi tên"


# ── what one holds ───────────────────────────────────────────────────────────────────────────────


def command_posts() -> str:
    """Describe `/chucvu` in a menu."""
    return "Nhiệm vụ của anh/chị: ủy quyền, thôi giữ, cán bộ của đơn vị"


def own_posts(*, lines: Sequence[str]) -> str:
    """List the posts that somebody holds."""
    listed = "\n".join(f"• {line}" for line in lines)
    return f"Anh/chị đang giữ:\n{listed}"


def post_line(*, role: str, unit: str, ends_at: datetime | None, deputy: bool) -> str:
    """Name one post, and until when it is held."""
    until = f" đến hết {_last_day(ends_at)}" if ends_at else ""
    return _post(role, unit) + (
        f" (được ủy quyền{until})" if deputy else f" ({until.strip()})" if until else ""
    )


def deputy_line(*, name: str, unit: str, ends_at: datetime | None) -> str:
    """Name somebody who holds one's post in one's place."""
    until = f" đến hết {_last_day(ends_at)}" if ends_at else ""
    return f"{name} được anh/chị ủy quyền{until} ({unit})"


def post_no_longer_held() -> str:
    """Answer an official's deed from somebody who holds no post any more."""
    return (
        "Anh/chị không còn giữ nhiệm vụ này nên không xem hay xử lý được nữa. Nếu có nhầm lẫn, xin báo lãnh "
        "đạo đơn vị. Anh/chị vẫn gửi phản ánh được như mọi người dân: cứ nhắn việc gì, ở đâu."
    )


def leave_choice(*, role: str, unit: str) -> str:
    """Label the button that lays down a post of one's own."""
    return f"Thôi làm {_post(role, unit)}"


def deputy_choice(*, unit: str) -> str:
    """Label the button that names a deputy."""
    return f"Ủy quyền – {unit}"


def end_deputy_choice(*, name: str) -> str:
    """Label the button that ends what somebody holds in one's place."""
    return f"Thôi ủy quyền cho {name}"


def staff_choice(*, unit: str) -> str:
    """Label the button that shows who works at a unit."""
    return f"Cán bộ của {unit}"


# ── who works at a unit ──────────────────────────────────────────────────────────────────────────


def staff(*, unit: str, lines: Sequence[str]) -> str:
    """List who holds a post at a unit."""
    listed = "\n".join(f"• {line}" for line in lines)
    if not lines:
        return f"{unit} chưa có ai giữ nhiệm vụ. Xin nhờ người quản trị mời cán bộ."
    return f"Cán bộ của {unit}:\n{listed}"


def staff_line(*, name: str, role: str, ends_at: datetime | None, deputy: bool, reachable: bool) -> str:
    """Name somebody at a unit, their role, and whether the bot can write to them."""
    until = f" đến hết {_last_day(ends_at)}" if ends_at else ""
    word = f"{_ROLES[role]}, được ủy quyền{until}" if deputy else f"{_ROLES[role]}{until}"
    return f"{name} – {word}" + ("" if reachable else " (chưa nhắn tin được)")


def end_post_choice(*, name: str, role: str) -> str:
    """Label the button that takes somebody's post away."""
    return f"Cho thôi: {name}, {_ROLES[role]}"


def staff_not_yours() -> str:
    """Refuse to show or change who works at a unit, the same for units that do not exist."""
    return (
        "Anh/chị chỉ xem và cho thôi được cán bộ của đơn vị mình, và lãnh đạo của đơn vị cấp dưới. "
        "Nhiệm vụ của anh/chị: /chucvu."
    )


# ── leaving ──────────────────────────────────────────────────────────────────────────────────────


def confirm_leaving(
    *, name: str, role: str, unit: str, cases: int, deputies: int, leaderless: bool = False
) -> str:
    """Ask whether a post shall end, with what follows; an empty name is one's own post.

    leaderless: nobody is left who approves answers and appoints officers.
    """
    who = f"Cho {name} thôi làm" if name else "Anh/chị thôi làm"
    work = f" {cases} vụ việc đang làm sẽ trở lại danh sách của đơn vị, hoặc giao cho người được chọn." * (
        cases > 0
    )
    below = " Người đang được ủy quyền cũng thôi." * (deputies > 0)
    alone = (
        " ⚠️ Đơn vị sẽ không còn lãnh đạo để duyệt trả lời, giao việc cho chuyên viên và mời người mới; cấp "
        "trên được báo để cử người. Nếu chỉ vắng ít ngày, xin dùng ủy quyền trong /chucvu."
    ) * leaderless
    return f"{who} {_post(role, unit)}? Quyền xem và xử lý hết ngay khi xác nhận.{work}{below}{alone}"


def label_confirm_leaving() -> str:
    """Label the button that ends a post, with the work going back to the unit."""
    return "Xác nhận"


def hand_work_choice(*, name: str) -> str:
    """Label the button that ends a post and gives the work to somebody."""
    return f"Xác nhận, giao việc cho {name}"


def label_keep_post() -> str:
    """Label the button that leaves everything as it is."""
    return "Không, giữ nguyên"


def post_left(*, role: str, unit: str, cases: int, name: str) -> str:
    """Confirm that one has laid down a post; name is who took the work over, empty for the unit."""
    to = f"đã giao cho {name}" if name else "đã trở lại danh sách của đơn vị"
    work = f" {cases} vụ việc {to}." if cases else ""
    return f"Anh/chị đã thôi làm {_post(role, unit)}. Cảm ơn anh/chị.{work}"


def post_taken_away(*, holder: str, role: str, unit: str, cases: int, name: str) -> str:
    """Confirm that somebody's post has ended."""
    to = f"đã giao cho {name}" if name else "đã trở lại danh sách của đơn vị"
    work = f" {cases} vụ việc {to}." if cases else ""
    return f"{holder} đã thôi làm {_post(role, unit)}, quyền hết từ lúc này.{work}"


def post_gone() -> str:
    """Say that a post has ended already, or was never there."""
    return "Nhiệm vụ này đã kết thúc. Xem lại danh sách: /chucvu."


def successor_gone() -> str:
    """Say that whoever was to take the work over is not at the unit any more; nothing has changed."""
    return "Người được chọn không còn làm ở đơn vị. Chưa có gì thay đổi; xin chọn lại từ /chucvu."


def your_post_ended(*, role: str, unit: str, still: bool, at: datetime) -> str:
    """Tell somebody that a post of theirs is over."""
    rest = (
        "Các nhiệm vụ khác của anh/chị vẫn giữ nguyên: /chucvu."
        if still
        else ("Nếu có nhầm lẫn, xin báo lãnh đạo đơn vị. Anh/chị vẫn gửi phản ánh được như mọi người dân.")
    )
    return f"Anh/chị thôi làm {_post(role, unit)} từ {moment(at)}. {rest}"


def draft_dropped_on_leaving(*, code: str) -> str:
    """Tell somebody that what they were writing is dropped, because the post is over."""
    return f"Bản anh/chị đang viết cho {code} đã bỏ, vì anh/chị không còn giữ nhiệm vụ này."


def work_given_back(*, name: str, unit: str, cases: int) -> str:
    """Tell a unit's chairs that the work of somebody who left waits for others."""
    return (
        f"{name or someone()} đã thôi nhiệm vụ ở {unit}. {cases} vụ việc người này đang làm trở lại danh "
        "sách của đơn vị, hạn giữ nguyên. Xin giao người làm tiếp."
    )


def work_taken_over(*, name: str, unit: str, cases: int) -> str:
    """Tell a successor what they take over."""
    return (
        f"Anh/chị nhận {cases} vụ việc của {name or 'một đồng nghiệp'}, người vừa thôi nhiệm vụ ở {unit}. "
        "Hạn giữ nguyên."
    )


def unit_left_leaderless(*, unit: str) -> str:
    """Alarm those above: a unit has officers and nobody who leads them."""
    return (
        f"⚠️ {unit} không còn lãnh đạo: người cuối cùng vừa thôi nhiệm vụ. Chuyên viên vẫn nhận việc, nhưng "
        "không còn ai duyệt trả lời và giao việc. Xin cử người; trong lúc chờ, lãnh đạo cấp trên giao và "
        "duyệt được."
    )


def unit_left_empty(*, unit: str, cases: int) -> str:
    """Alarm dispatchers and those above: nobody at a unit can receive."""
    work = f"{cases} vụ việc đang mở ở đó chưa có ai làm. " if cases else ""
    return (
        f"⚠️ {unit} không còn ai nhận được phản ánh: người cuối cùng vừa thôi nhiệm vụ. {work}"
        "Xin cử người, hoặc chuyển việc sang đơn vị khác."
    )


# ── deputies ─────────────────────────────────────────────────────────────────────────────────────


def choose_deputy(*, unit: str, alone: bool) -> str:
    """Ask who shall act in one's place."""
    if alone:
        return f"{unit} chưa có ai khác. Anh/chị có thể mời một người bằng mã mời dùng một lần."
    return f"Anh/chị ủy quyền cho ai thay mình làm lãnh đạo – {unit}?"


def label_invite_deputy() -> str:
    """Label the button that invites somebody else as deputy."""
    return "Mời người khác"


def deputy_until_when(*, name: str) -> str:
    """Ask until which day somebody shall act; an empty name is whoever will be invited."""
    return f"Ủy quyền cho {name or 'người được mời'} đến hết ngày nào? Ví dụ: 25/12, thứ 6, 3 ngày nữa."


def deputy_day_unclear() -> str:
    """Ask again for the last day."""
    return (
        "Tôi chưa rõ ngày. Anh/chị nhắn ngày cuối cùng, sau hôm nay và trong vòng một năm, ví dụ: 25/12. "
        "Không ủy quyền nữa thì bấm «Bỏ»."
    )


def confirm_deputy(*, name: str, unit: str, ends_at: datetime) -> str:
    """Ask whether somebody shall have a chair's rights until a day."""
    return (
        f"{name or 'Người được mời'} có mọi quyền của lãnh đạo – {unit} từ bây giờ đến hết "
        f"{_last_day(ends_at)}, rồi tự hết. Anh/chị vẫn giữ quyền của mình, và thôi ủy quyền lúc nào cũng "
        "được. Đồng ý?"
    )


def label_confirm_deputy() -> str:
    """Label the button that names the deputy."""
    return "Đồng ý ủy quyền"


def deputy_named(*, name: str, unit: str, ends_at: datetime) -> str:
    """Confirm that somebody acts in one's place."""
    return f"{name} làm lãnh đạo – {unit} thay anh/chị đến hết {_last_day(ends_at)}. Xem lại: /chucvu."


def deputy_invited(*, code: str, unit: str, ends_at: datetime) -> str:
    """Give the code that makes whoever sends it the deputy."""
    return (
        f"Gửi riêng cho người được ủy quyền dòng sau; ai nhắn nó cho tôi trước sẽ làm lãnh đạo – {unit} thay "
        f"anh/chị đến hết {_last_day(ends_at)}. Mã dùng một lần, trong 7 ngày:\n/start {code}"
    )


def you_are_deputy(*, name: str, unit: str, ends_at: datetime) -> str:
    """Tell somebody that they act in a chair's place."""
    return (
        f"{name} ủy quyền cho anh/chị làm lãnh đạo – {unit} từ bây giờ đến hết {_last_day(ends_at)}. "
        "Việc đang mở: /viec."
    )


def already_chair(*, name: str, unit: str) -> str:
    """Say that somebody has a chair's rights at the unit already."""
    return f"{name} đang có quyền lãnh đạo – {unit} rồi. Xem lại: /chucvu."
