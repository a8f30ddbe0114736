"""What officials read: cards, questions, confirmations, refusals, reminders and figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.texts.common import excerpt, kind_name, moment

_STATUSES = {
    "received": "mới nhận",
    "triage": "chờ điều phối",
    "assigned": "chưa ai nhận",
    "in_progress": "đang làm",
    "waiting_for_citizen": "chờ người dân trả lời",
    "answered": "đã trả lời",
    "closed": "đã khép lại",
    "rejected": "không xử lý",
    "merged": "đã gộp",
    "reopened": "người dân mở lại",
}
_ROLES = {
    "chair": "lãnh đạo",
    "officer": "chuyên viên",
    "leader": "lãnh đạo thành phố",
    "dispatcher": "cán bộ điều phối",
    "admin": "quản trị",
}
_ABILITIES = {
    "chair": "Mỗi phản ánh mới sẽ đến đây thành một phiếu việc. /viec: việc đang mở. /thongke: số liệu.",
    "officer": "Mỗi phản ánh mới sẽ đến đây thành một phiếu việc. /viec: việc đang mở. /thongke: số liệu.",
    "leader": "/thongke: số liệu của toàn thành phố, theo đơn vị và lĩnh vực.",
    "dispatcher": "/dieuphoi: những phản ánh máy chưa chắc, chỉ cần một lần bấm. /thongke: số liệu.",
    "admin": "Tôi sẽ báo ngay khi chương trình gặp trục trặc.",
}

RETURN_REASONS: Mapping[str, str] = {
    "authority": "Không thuộc thẩm quyền của đơn vị",
    "area": "Không thuộc địa bàn của đơn vị",
    "domain": "Sai lĩnh vực",
    "involved": "Phản ánh về chính cán bộ của đơn vị",
    "duplicate": "Trùng với phản ánh khác",
    "unclear": "Nội dung chưa đủ rõ để xử lý",
}
"""Why a unit gives a case back."""

REJECT_REASONS: Mapping[str, str] = {
    "outside": "Việc này nằm ngoài thẩm quyền của các cơ quan trong thành phố.",
    "duplicate": "Việc này trùng với một phản ánh đang được xử lý.",
    "unclear": "Nội dung chưa đủ rõ; xin gửi lại và cho biết việc gì, ở đâu.",
    "legal": "Đây là khiếu nại hoặc tố cáo, phải nộp đơn theo thủ tục riêng tại Ban Tiếp công dân.",
    "improper": "Nội dung không phải phản ánh hoặc không phù hợp.",
}
"""Why a dispatcher does not let a case be handled: whole sentences, which the citizen reads too."""

_REJECT_LABELS = {
    "outside": "Ngoài thẩm quyền thành phố",
    "duplicate": "Trùng phản ánh khác",
    "unclear": "Không đủ thông tin",
    "legal": "Khiếu nại, tố cáo",
    "improper": "Không phải phản ánh",
}


# ── becoming an official ─────────────────────────────────────────────────────────────────────────


def case_status(*, status: str) -> str:
    """Return what officials read for a status."""
    return _STATUSES[status]


def welcome_official(*, name: str, role: str, unit: str, open_cases: int) -> str:
    """Greet somebody whose invitation was just accepted."""
    hello = f"Chào {name}!" if name else "Chào anh/chị!"
    waiting = f"\nĐơn vị đang có {open_cases} việc chưa xong, gõ /viec để xem." if open_cases else ""
    return f"{hello} Anh/chị đã vào với vai trò {_ROLES[role]} – {unit}.\n{_ABILITIES[role]}{waiting}"


def invitation_refused() -> str:
    """Answer an invitation code that cannot be used, whatever the reason."""
    return (
        "Mã mời này không dùng được: có thể chưa đúng, đã hết hạn hoặc đã có người dùng. "
        "Anh/chị kiểm tra lại từng chữ, hoặc xin mã mới từ người quản trị."
    )


def invitation_too_often() -> str:
    """Answer somebody who tried too many invitation codes."""
    return "Anh/chị đã thử quá nhiều mã. Xin đợi một giờ rồi thử lại, hoặc xin mã mới từ người quản trị."


def invitation_in_group() -> str:
    """Answer an invitation code that was sent where others can read it."""
    return (
        "Mã mời chỉ dùng được trong tin nhắn riêng với tôi. Mã vừa gửi ở đây nhiều người đã thấy, "
        "anh/chị nên xin mã mới."
    )


def not_an_official(*, official: bool) -> str:
    """Answer a command for officials from somebody who is none, or whose post is another one."""
    if official:
        return "Lệnh này không thuộc vai trò của anh/chị. Gõ /trogiup để xem các lệnh anh/chị dùng được."
    return (
        "Lệnh này dành cho cán bộ của các đơn vị. Anh/chị muốn phản ánh điều gì, cứ nhắn cho tôi: "
        "việc gì, ở đâu. Xem phản ánh đã gửi: /cuatoi."
    )


# ── the card ─────────────────────────────────────────────────────────────────────────────────────


def card(
    *,
    code: str,
    kind: str,
    status: str,
    urgent: bool,
    domain: str,
    unit: str,
    place: str,
    position: str,
    text: str,
    reporter: str,
    anonymous: bool,
    accept_due_at: datetime | None,
    due_at: datetime | None,
    overdue: bool,
    photos: int,
    note: str,
    history: Sequence[str],
) -> str:
    """Show one case to those who handle it; empty parts are left out."""
    lines = ["🔴 KHẨN – xin xử lý trước" if urgent else "", note]
    lines += [f"{kind_name(kind=kind)} {code} ({case_status(status=status)})", f"• Lĩnh vực: {domain}"]
    lines += [f"• Đơn vị: {unit}"] if unit else []
    lines += [f"• Nơi: {place or 'chưa rõ'}"]
    lines += [f"• Vị trí: {position}"] if position else []
    writer = reporter or ("ẩn danh với đơn vị" if anonymous else "")
    lines += [f"• Người gửi: {writer}"] if writer else []
    lines += [f"• Nhận việc trước: {moment(at=accept_due_at)}"] if accept_due_at else []
    lines += (
        [f"• Trả lời trước: {moment(at=due_at)}" + (" – ĐÃ QUÁ HẠN" if overdue else "")] if due_at else []
    )
    lines += [f"• Ảnh: {photos}"] if photos else []
    lines += ["", f"«{text}»"]
    lines += ["", *history] if history else []
    return "\n".join(line for number, line in enumerate(lines) if line or number > 1)


def nameless() -> str:
    """Name a citizen whose name the channel does not tell."""
    return "người dân (không rõ tên)"


def card_hint() -> str:
    """Say under a card how to answer without pressing."""
    return "Trả lời nhanh: trả lời thẳng vào tin này bằng chữ hoặc ảnh."


def history_question(*, at: datetime, text: str) -> str:
    """Return a line of a card: what the unit asked."""
    return f"Đơn vị hỏi lúc {moment(at=at)}: «{excerpt(text=text, limit=300)}»"


def history_reply(*, at: datetime, text: str) -> str:
    """Return a line of a card: what the citizen said later."""
    return f"Người dân nhắn lúc {moment(at=at)}: «{excerpt(text=text, limit=300)}»"


def history_return(*, at: datetime, unit: str, reason: str) -> str:
    """Return a line of a card: who gave the case back, and why."""
    return f"{unit} trả lại lúc {moment(at=at)}: {reason}"


def history_answer(*, at: datetime, text: str) -> str:
    """Return a line of a card: what was answered."""
    return f"Đã trả lời lúc {moment(at=at)}: «{excerpt(text=text, limit=300)}»"


def history_reopened(*, at: datetime, text: str, stars: int = 0) -> str:
    """Return a line of a card: the citizen was not content, perhaps with a rating."""
    why = f": «{excerpt(text=text, limit=300)}»" if text else ""
    rated = f", chấm {stars} sao" if stars else ""
    return f"Người dân mở lại lúc {moment(at=at)}{rated}{why}"


def came_from(*, unit: str) -> str:
    """Say on a card which unit handed it over."""
    return f"Chuyển đến từ {unit}"


def whole_text(*, code: str, text: str) -> str:
    """Show a long report in full."""
    return f"{code}, nội dung đầy đủ:\n«{text}»"


def case_not_yours() -> str:
    """Answer a code that is wrong, unknown or not within reach: always the same."""
    return (
        "Tôi không thấy việc này trong các việc mà đơn vị được xem. Có thể mã chưa đúng, hoặc việc đã chuyển "
        "cho nơi khác. Gõ /viec để xem các việc đang mở."
    )


def case_went_on(*, code: str, unit: str, status: str) -> str:
    """Tell a unit that had a case where it is now, and nothing of what it is about."""
    where = f"đang ở {unit}" if unit else "đang chờ bộ phận điều phối chọn đơn vị"
    return (
        f"{code} không còn ở đơn vị mình: {where}, tình trạng: {_STATUSES[status]}. "
        "Đơn vị không phải làm gì thêm. Cần trao đổi thì liên hệ nơi đang xử lý, kèm mã này."
    )


def step_not_yours(*, code: str, unit: str) -> str:
    """Answer a step on a case that the person may see but another unit handles."""
    where = f"đang do {unit} xử lý" if unit else "đang ở bộ phận điều phối"
    return f"{code} {where}, nên anh/chị chỉ xem được. Chưa có gì thay đổi."


# ── taking a case up ─────────────────────────────────────────────────────────────────────────────


def accepted(*, code: str, due_at: datetime | None) -> str:
    """Confirm that the official has taken a case up."""
    due = f" Trả lời trước {moment(at=due_at)}." if due_at else ""
    return f"Anh/chị đã nhận {code}. Người dân đã được báo.{due}"


def accepted_by_you(*, code: str) -> str:
    """Answer a second tap of the one who took the case up."""
    return f"Anh/chị đã nhận {code} rồi. Xin bấm «Trả lời người dân» khi xong việc."


def accepted_by(*, code: str, name: str, at: datetime) -> str:
    """Answer somebody who was second to take a case up."""
    who = name or "đồng nghiệp của anh/chị"
    return f"{code} đã có {who} nhận lúc {moment(at=at)}. Chưa có gì thay đổi."


def yourself() -> str:
    """Name the reader in place of somebody's name."""
    return "anh/chị"


def answered_by(*, code: str, name: str, at: datetime) -> str:
    """Answer somebody who acts on a case that has been answered."""
    who = name or "đồng nghiệp của anh/chị"
    return f"{code} đã được {who} trả lời lúc {moment(at=at)}. Chưa có gì thay đổi."


def step_impossible(*, code: str, status: str) -> str:
    """Answer a step that the case's status does not allow."""
    return f"{code} hiện {case_status(status=status)}, nên bước này không làm được nữa. Chưa có gì thay đổi."


# ── answering and asking ─────────────────────────────────────────────────────────────────────────


def citizen_replied(*, code: str, text: str, photos: int, due_at: datetime | None) -> str:
    """Bring the citizen's reply and the deadline that runs on."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    due = f"\nThời hạn tính tiếp: trả lời trước {moment(at=due_at)}." if due_at else ""
    return f"{code}: người dân trả lời:\n«{text}»{pictures}{due}"


def waiting_ended(*, code: str, due_at: datetime | None) -> str:
    """Confirm that the unit goes on without the citizen's reply."""
    due = f" Trả lời trước {moment(at=due_at)}." if due_at else ""
    return f"{code}: tiếp tục xử lý, không chờ nữa.{due}"


def draft_busy(*, code: str) -> str:
    """Say that another answer is being written first."""
    return f"Anh/chị đang viết dở cho {code}. Xin gửi hoặc bỏ phần đó trước, rồi trả lời việc này."


def draft_gone() -> str:
    """Answer the sending button of a draft that is no longer there."""
    return (
        "Không còn nội dung nào đang viết dở, nên chưa có gì được gửi. Anh/chị bấm lại dưới phiếu việc nhé."
    )


def draft_dropped(*, code: str) -> str:
    """Confirm that a draft was thrown away."""
    return f"Đã bỏ phần viết dở của {code}, không gửi đi đâu. Việc vẫn như cũ."


def draft_too_long(*, limit: int) -> str:
    """Answer more text than one answer holds."""
    return f"Nội dung dài quá {limit} chữ cái nên tin vừa rồi chưa được thêm. Anh/chị viết gọn lại nhé."


def too_many_proofs(*, limit: int) -> str:
    """Answer more pictures than one answer holds."""
    return f"Mỗi câu trả lời nhận tối đa {limit} ảnh; tôi giữ {limit} ảnh đầu."


def cannot_use() -> str:
    """Answer something in the middle of a step that is neither words nor a picture."""
    return "Bước này chỉ nhận chữ và ảnh. Anh/chị nhắn lại, hoặc bấm Bỏ để dừng."


def words_please() -> str:
    """Answer a picture where words are needed."""
    return "Bước này cần chữ. Anh/chị nhắn vài từ, hoặc bấm Bỏ để dừng."


_REASONS_FOR = {
    "return": "trả lại việc này",
    "handnote": "chuyển việc này cho đơn vị khác",
    "extend": "xin gia hạn",
    "noextend": "không đồng ý gia hạn",
    "sendback": "trả bản trả lời để sửa",
    "decline": "không nhận phần việc này",
    "snooze_reason": "nhắc lại sau",
    "reject": "không xử lý việc này",
}


def reason_draft(*, code: str, purpose: str, text: str) -> str:
    """Show the reason that was typed, and what it would be the reason for."""
    return (
        f"{code}: lý do {_REASONS_FOR[purpose]}:\n«{text}»\n\n"
        "Chưa gửi. Bấm «Gửi lý do này» nếu đúng, nhắn thêm nếu còn thiếu, hoặc bấm «Bỏ»."
    )


def step_busy() -> str:
    """Answer a reply to a case in the middle of a step that is about something else."""
    return "Anh/chị đang làm dở một bước khác. Xin làm xong, hoặc gõ /huy để bỏ, rồi trả lời việc này."


# ── handing on ───────────────────────────────────────────────────────────────────────────────────


def choose_unit(*, code: str) -> str:
    """Ask where a case should go."""
    return f"Chuyển {code} cho đơn vị nào? Bấm một nút, hoặc gõ tên đơn vị. Thời hạn trả lời giữ nguyên."


def choose_unit_again(*, code: str, query: str) -> str:
    """Offer the units whose names look like what was typed."""
    typed = excerpt(text=query, limit=40)
    return f"Các đơn vị gần với «{typed}». Bấm một nút để chuyển {code}, hoặc gõ lại tên."


def unit_not_found(*, query: str) -> str:
    """Say that no unit has the typed name."""
    return (
        f"Không có đơn vị nào tên «{excerpt(text=query, limit=40)}». Anh/chị gõ lại tên, hoặc bấm Bỏ để dừng."
    )


def unit_not_possible(*, code: str) -> str:
    """Say that a case may not go to that unit."""
    return f"{code} không chuyển cho đơn vị đó được. Anh/chị chọn đơn vị khác."


def same_unit(*, code: str, unit: str) -> str:
    """Say that the case is there already."""
    return f"{code} đang ở {unit} rồi. Anh/chị chọn đơn vị khác."


def handed_over(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Confirm that another unit has the case."""
    due = f" Thời hạn giữ nguyên: {moment(at=due_at)}." if due_at else ""
    return f"Đã chuyển {code} cho {unit}.{due} Người dân đã được báo."


def returned(*, code: str) -> str:
    """Confirm that the dispatchers have the case again."""
    return f"Đã trả {code} cho bộ phận điều phối, kèm lý do. Người dân đã được báo."


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


def no_work(*, units: Sequence[str]) -> str:
    """Say that nothing is open."""
    return f"{', '.join(units)}: không còn việc nào đang mở. Có phản ánh mới tôi báo ngay."


def work_line(
    *, number: int, code: str, domain: str, place: str, status: str, due: str, urgent: bool, people: int
) -> str:
    """Return one line of the list."""
    mark = "🔴 " if urgent else ""
    where = f" · {place}" if place else ""
    many = f" · {people} người cùng báo" if people > 1 else ""
    return f"{number}. {mark}{code} · {domain}{where}\n   {_STATUSES[status]} · {due}{many}"


def due_phrase(*, due_at: datetime | None, standing: str) -> str:
    """Return when a case is due and how it stands."""
    if due_at is None:
        return "chưa có hạn"
    sign = {"overdue": "🔺 QUÁ HẠN ", "at_risk": "🔸 sắp đến hạn "}.get(standing, "hạn ")
    return f"{sign}{moment(at=due_at)}"


# ── triage ───────────────────────────────────────────────────────────────────────────────────────


def triage_empty() -> str:
    """Say that nothing waits for a dispatcher."""
    return "Không còn phản ánh nào chờ điều phối. Có việc mới tôi báo ngay."


def triage_card(*, count: int, why: str, card: str, question: str) -> str:
    """Show one case that the machine was unsure of."""
    return f"Chờ điều phối: {count}\nLý do: {why}\n\n{card}\n\n{question}"


def reopened_without_unit() -> str:
    """Say why a case waits again: it was refused before any unit had it."""
    return "Người dân không đồng ý với việc không xử lý và đã mở lại"


def triage_ask_domain() -> str:
    """Ask for the right domain."""
    return "Phản ánh này thuộc lĩnh vực nào?"


def triage_ask_ward() -> str:
    """Ask for the ward."""
    return "Việc xảy ra ở phường/xã nào? Bấm một nút, hoặc gõ tên phường/xã."


def ward_not_found(*, query: str) -> str:
    """Say that no ward has the typed name."""
    typed = excerpt(text=query, limit=40)
    return f"Không có phường/xã nào tên «{typed}». Anh/chị gõ lại tên (tên cũ cũng được)."


def triage_ask_unit(*, back_to: str) -> str:
    """Ask for the unit; `back_to` names a unit that gave the case back although the rules send it there."""
    again = f"{back_to} đã trả lại việc này. " if back_to else ""
    return f"{again}Đơn vị nào trả lời? Bấm một nút, hoặc gõ tên đơn vị."


def triage_all_domains(*, code: str) -> str:
    """Offer every domain."""
    return f"{code} thuộc lĩnh vực nào?"


def triage_done(*, code: str, unit: str) -> str:
    """Confirm that a case is on its way to a unit."""
    return f"Đã giao {code} cho {unit}."


def triage_done_already(*, code: str) -> str:
    """Answer a tap on a case that somebody has settled."""
    return f"{code} đã được điều phối rồi, chưa có gì thay đổi thêm."


def triage_rejected(*, code: str) -> str:
    """Confirm that a case is not handled."""
    return f"{code}: không xử lý. Người gửi đã được báo kèm lý do."


def choose_reject_reason(*, code: str) -> str:
    """Ask why a case is not handled."""
    return f"Vì sao không xử lý {code}? Người gửi sẽ đọc lý do này. Bấm một nút, hoặc gõ lý do."


def triage_waiting(*, count: int, code: str, emergency: bool) -> str:
    """Tell a dispatcher that something waits."""
    if emergency:
        return f"🔴 KHẨN: {code} đang chờ điều phối. Xin xem ngay."
    return f"Có {count} phản ánh chờ điều phối. Bấm để xem, mỗi việc chỉ cần một lần bấm."


# ── nobody there, not reached ────────────────────────────────────────────────────────────────────


def unit_has_nobody(*, code: str, unit: str, urgent: bool) -> str:
    """Tell those above that a unit has nobody to receive a case."""
    mark = "🔴 KHẨN: " if urgent else ""
    return (
        f"{mark}{code} đã giao cho {unit}, nhưng đơn vị này chưa có ai nhận việc ở đây. "
        "Xin chuyển việc cho đơn vị khác, hoặc báo đơn vị vào nhận."
    )


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


def period_name(*, first: datetime, last: datetime) -> str:
    """Return a span of days, both ends included."""
    if first.date() == last.date():
        return f"ngày {first.day}/{first.month}/{first.year}"
    return f"{first.day}/{first.month} – {last.day}/{last.month}/{last.year}"


# ── button labels ────────────────────────────────────────────────────────────────────────────────


def label_accept() -> str:
    """Label: take the case up."""
    return "Nhận việc"


def label_answer() -> str:
    """Label: write the answer."""
    return "Trả lời người dân"


def label_hand_over() -> str:
    """Label: hand the case to another unit."""
    return "Chuyển đơn vị"


def label_return() -> str:
    """Label: give the case back."""
    return "Trả lại"


def label_ask() -> str:
    """Label: ask the citizen something."""
    return "Hỏi người dân"


def label_stop_waiting() -> str:
    """Label: go on without the citizen's reply."""
    return "Làm tiếp, không chờ"


def label_whole_text() -> str:
    """Label: show a long report in full."""
    return "Xem đủ nội dung"


def label_open_card(*, code: str) -> str:
    """Label: open the card of a case."""
    return f"Mở {code}"


def label_open_triage() -> str:
    """Label: show what waits for a dispatcher."""
    return "Xem việc chờ điều phối"


def label_open_work() -> str:
    """Label: show the open cases."""
    return "Xem việc đang mở"


def label_send_reason() -> str:
    """Label: act for the reason that was typed."""
    return "Gửi lý do này"


def label_drop() -> str:
    """Label: stop what is under way."""
    return "Bỏ"


def label_more() -> str:
    """Label: the next page."""
    return "Xem tiếp"


def label_previous() -> str:
    """Label: the page before."""
    return "Trang trước"


def label_other_domain() -> str:
    """Label: choose among all domains."""
    return "Lĩnh vực khác"


def label_other_unit() -> str:
    """Label: choose a unit directly."""
    return "Chọn đơn vị"


def label_reject() -> str:
    """Label: do not let the case be handled."""
    return "Không xử lý"


def label_skip() -> str:
    """Label: leave this one for later."""
    return "Để sau, việc kế tiếp"


def label_reject_reason(*, key: str) -> str:
    """Label: one reason for not handling a case."""
    return _REJECT_LABELS[key]


def label_today() -> str:
    """Label: today's figures."""
    return "Hôm nay"


def label_this_week() -> str:
    """Label: this week's figures."""
    return "Tuần này"


def label_this_month() -> str:
    """Label: this month's figures."""
    return "Tháng này"


def label_by_unit() -> str:
    """Label: the figures by unit."""
    return "Theo đơn vị"


def label_by_domain() -> str:
    """Label: the figures by domain."""
    return "Theo lĩnh vực"


def label_total() -> str:
    """Label: the figures as a whole."""
    return "Tổng chung"


# ── commands, as menus show them ─────────────────────────────────────────────────────────────────


def command_work() -> str:
    """Say in a menu what /viec does."""
    return "Việc đang mở của đơn vị"


def command_triage() -> str:
    """Say in a menu what /dieuphoi does."""
    return "Phản ánh chờ điều phối"


def command_figures() -> str:
    """Say in a menu what /thongke does."""
    return "Số liệu"
