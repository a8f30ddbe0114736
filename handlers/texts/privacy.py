"""What people read about their own data: what is kept, why, for how long, and how to have it erased."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import moment

_KEPT_KINDS = {
    "inbox": "Tin nhắn gốc anh/chị gửi",
    "outbox": "Tin nhắn chương trình gửi đi",
    "drafts": "Phản ánh viết dở",
    "codes": "Mã liên kết, mã mời đã hết hạn",
    "pictures": "Ảnh không thuộc phản ánh nào",
    "recordings": "Ghi âm, tài liệu không thuộc việc nào",
    "exports": "Tệp chương trình đã làm",
    "closed": "Nội dung và người gửi của phản ánh đã xong",
    "visitors": "Hồ sơ của người chưa gửi phản ánh nào",
    "traffic": "Số đếm tin nhắn theo ngày",
}
_ROLES = {
    "chair": "lãnh đạo",
    "officer": "chuyên viên",
    "leader": "lãnh đạo thành phố",
    "dispatcher": "người điều phối",
    "admin": "người vận hành",
}


def command_own_data() -> str:
    """Describe `/dulieucuatoi` in a menu."""
    return "Xem mọi dữ liệu đang lưu về anh/chị"


def command_erase() -> str:
    """Describe `/xoadulieu` in a menu."""
    return "Xóa dữ liệu cá nhân của anh/chị"


# ── consent ──────────────────────────────────────────────────────────────────────────────────────


def phone_consent() -> str:
    """Ask before a number is kept that came without being asked for; kept word for word as it was shown."""
    return (
        "Anh/chị có đồng ý để chương trình lưu số điện thoại vừa gửi không? Số chỉ dùng để đơn vị xử lý gọi "
        "và để nhắn SMS về phản ánh của anh/chị. Không bấm thì số không được lưu. Muốn xóa về sau, gõ /boso."
    )


def label_keep_phone() -> str:
    """Label: agree that the number is kept."""
    return "Đồng ý lưu số này"


# ── what is held ─────────────────────────────────────────────────────────────────────────────────


def own_data_summary(
    *, accounts: int, name: str, phone: str, cases: int, pictures: int, said: int, told: int, views: int
) -> str:
    """Say in a few lines what is held about somebody, before the whole of it."""
    known = f"Tên: {name}" if name else "Tên: không lưu"
    number = f"Số điện thoại: {phone}" if phone else "Số điện thoại: không lưu"
    return "\n".join(
        [
            "Đây là những gì hệ thống đang lưu về anh/chị:",
            f"• {known}",
            f"• {number}",
            f"• Tài khoản đã dùng: {accounts}",
            f"• Phản ánh đã gửi: {cases}, ảnh: {pictures}",
            f"• Tin nhắn còn lưu: {said} tin anh/chị gửi, {told} tin trả lời",
            f"• Lượt cán bộ mở xem: {views}",
            "Bản đầy đủ ở ngay dưới. Muốn xóa tất cả, anh/chị gõ /xoadulieu.",
        ]
    )


def own_data_file() -> str:
    """Hand the whole over as a file."""
    return "Bản đầy đủ nằm trong tệp này. Chỉ anh/chị nhận được; xin đừng chuyển cho người khác."


def own_data_title() -> str:
    """Head the whole."""
    return "Dữ liệu đang lưu về anh/chị"


def own_data_again(*, at: datetime) -> str:
    """Answer somebody who asks again soon after."""
    return (
        f"Bản dữ liệu của anh/chị vừa được gửi lúc {moment(at)}, ngay phía trên. Mỗi giờ gửi được một lần; "
        "anh/chị thử lại sau nhé."
    )


def own_data_heading(*, part: str) -> str:
    """Head one part of it."""
    return {
        "person": "Anh/chị là ai",
        "accounts": "Tài khoản và cuộc trò chuyện",
        "consents": "Những điều anh/chị đã đồng ý",
        "cases": "Phản ánh của anh/chị",
        "files": "Ảnh và tệp",
        "posts": "Chức vụ",
        "said": "Tin nhắn anh/chị đã gửi",
        "told": "Tin nhắn đã gửi cho anh/chị",
        "requests": "Yêu cầu của anh/chị về dữ liệu",
        "views": "Cán bộ đã mở xem",
        "kept": "Lưu trong bao lâu",
    }.get(part, part)


def own_data_nothing() -> str:
    """Say that there is nothing of a kind."""
    return "Không có."


def own_data_name(*, name: str, phone: str, since: datetime) -> str:
    """Tell name, number and since when somebody is known."""
    return (
        f"Tên: {name or 'không lưu'}. Số điện thoại: {phone or 'không lưu'}. "
        f"Lần đầu nhắn: {moment(since)}/{since.year}."
    )


def own_data_account(*, channel: str, user: str) -> str:
    """Tell one account."""
    return f"Kênh {channel}, tài khoản {user}"


def own_data_chat(*, channel: str, chat: str, at: datetime, draft: str) -> str:
    """Tell one chat, with what is being written in it."""
    unsent = f". Đang viết dở: {draft}" if draft else ""
    return f"Cuộc trò chuyện {chat} trên kênh {channel}, tin gần nhất {_dated(at)}{unsent}"


def own_data_consent(*, at: datetime, text: str, withdrawn: bool) -> str:
    """Tell one consent, word for word."""
    return f"{_dated(at)}{' (đã rút)' if withdrawn else ''}: «{text}»"


def own_data_case(
    *,
    code: str,
    at: datetime,
    status: str,
    domain: str,
    place: str,
    position: str,
    text: str,
    unit: str,
    answer: str,
    rating: int,
    anonymous: bool,
) -> str:
    """Tell one case."""
    parts = [
        f"{code}, gửi {_dated(at)}, {status.lower()}",
        f"Lĩnh vực: {domain}",
        f"Nơi: {place}" if place else "",
        f"Vị trí: {position}" if position else "",
        f"Đơn vị: {unit}" if unit else "",
        "Đơn vị giải quyết không thấy tên anh/chị" if anonymous else "",
        f"Đánh giá: {rating} sao" if rating else "",
        f"Nội dung: {text}",
        f"Trả lời: {answer}" if answer else "",
    ]
    return ". ".join(part.rstrip(".") for part in parts if part)


def own_data_said(*, code: str, at: datetime, text: str) -> str:
    """Tell what somebody added to a case."""
    return f"{code}, bổ sung {_dated(at)}: {text}"


def own_data_photo(*, key: str, at: datetime) -> str:
    """Tell one picture or file."""
    return f"{key}, nhận {_dated(at)}"


def own_data_post(*, role: str, unit: str, at: datetime) -> str:
    """Tell one post."""
    return f"{_ROLES.get(role, role).capitalize()}, {unit}, từ {_dated(at)}"


def own_data_message(*, at: datetime, text: str) -> str:
    """Tell one message."""
    return f"{_dated(at)}: {text or '(không có chữ)'}"


def own_data_request(*, kind: str, at: datetime, outcome: str) -> str:
    """Tell one request about one's own data."""
    what = {"copy": "xem dữ liệu", "withdraw": "rút đồng ý qua ứng dụng"}.get(kind, "xóa dữ liệu")
    became = {"done": "đã làm", "refused": "bị từ chối", "withdrawn": "anh/chị đã rút lại"}
    return f"{_dated(at)}: {what}, {became.get(outcome, 'đang chờ')}"


def own_data_view(*, at: datetime, role: str, unit: str, code: str) -> str:
    """Tell who opened a case: their post, not their name."""
    return f"{_dated(at)}: {_ROLES.get(role, role)} {unit} đã xem {code}".replace("  ", " ")


def own_data_kept(*, kind: str, days: int) -> str:
    """Tell how long one kind of data is kept."""
    name = _KEPT_KINDS.get(kind, kind)
    return f"{name}: {f'xóa sau {days} ngày' if days else 'không có thời hạn'}"


def _dated(at: datetime) -> str:
    return f"{moment(at)}/{at.year}"


# ── erasing ──────────────────────────────────────────────────────────────────────────────────────


def erase_confirm(*, cases: int, waiting: int, hours: int, serves: bool) -> str:
    """Say what erasing does, before anybody agrees to it."""
    lines = ["Anh/chị muốn xóa dữ liệu cá nhân? Việc này nghĩa là:"]
    lines.append(
        "• Xóa tên, số điện thoại, tài khoản, tin nhắn, ảnh, ghi âm của anh/chị và lời anh/chị đã viết."
        if not serves
        else "• Xóa số điện thoại, tin nhắn, ảnh và phản ánh riêng của anh/chị. Tên và tài khoản gắn với "
        "chức vụ còn giữ đến khi anh/chị thôi giữ chức vụ (/chucvu)."
    )
    if cases:
        lines.append(
            f"• {cases} phản ánh chỉ còn lĩnh vực, địa điểm, thời gian và kết quả, không còn tên ai."
        )
    if waiting:
        lines.append(
            f"• {waiting} việc đang giải quyết vẫn làm tiếp, nhưng anh/chị không được báo kết quả nữa."
        )
    lines.append("• Tin đã nằm trong điện thoại của cán bộ thì không thu lại được.")
    when = f"sau {hours} giờ, trong lúc đó anh/chị đổi ý được" if hours else "ngay"
    lines.append(f"Việc xóa làm {when}. Xóa rồi không khôi phục được. Muốn xem trước, gõ /dulieucuatoi.")
    return "\n".join(lines)


def label_erase() -> str:
    """Label: erase."""
    return "Xóa dữ liệu của tôi"


def label_no_erase() -> str:
    """Label: do not erase."""
    return "Thôi, giữ lại"


def erase_accepted(*, at: datetime) -> str:
    """Say when it will be done, and how one sees that it was."""
    return (
        f"Tôi đã nhận yêu cầu. Dữ liệu của anh/chị được xóa vào {moment(at)}. Đổi ý trước lúc đó, anh/chị "
        "bấm «Thôi, giữ lại» hoặc gõ /xoadulieu. Xóa xong tôi không còn biết anh/chị là ai nên không nhắn "
        "thêm; muốn kiểm tra, sau đó anh/chị gõ /dulieucuatoi."
    )


def erase_waits(*, at: datetime) -> str:
    """Tell somebody who asks again that their request stands."""
    return (
        f"Yêu cầu xóa dữ liệu của anh/chị đang chờ, được làm vào {moment(at)}. Anh/chị có muốn giữ lại không?"
    )


def erase_taken_back() -> str:
    """Confirm that nothing is erased."""
    return "Tôi giữ lại mọi thứ như cũ, không xóa gì. Khi cần, anh/chị gõ /xoadulieu."


def erase_nothing_waits() -> str:
    """Answer a button that comes too late or too often."""
    return "Không có yêu cầu xóa nào đang chờ. Muốn xóa dữ liệu, anh/chị gõ /xoadulieu."


def erase_not_asked() -> str:
    """Confirm that nothing was begun."""
    return "Vâng, tôi không xóa gì. Anh/chị cứ nhắn như bình thường."


def erased_case() -> str:
    """Stand in place of what somebody wrote who had it erased."""
    return "[Nội dung đã được xóa theo yêu cầu của người gửi. Phản ánh vẫn được giải quyết.]"


def erased_message() -> str:
    """Stand in place of a message that told of it."""
    return "[Tin này nói về một người đã rút dữ liệu cá nhân nên nội dung đã được xóa.]"


def erased_words() -> str:
    """Stand in place of a few words."""
    return "[đã xóa]"


def reporter_erased() -> str:
    """Say on a card that nobody can be asked any more."""
    return "Người gửi đã rút dữ liệu cá nhân: không hỏi lại và không báo kết quả được."


# ── operators ────────────────────────────────────────────────────────────────────────────────────


def privacy_due(*, number: int, kind: str, answered: bool, at: datetime, over: bool) -> str:
    """Warn administrators that a legal clock runs out, or has."""
    what = {"copy": "xem dữ liệu", "withdraw": "rút đồng ý"}.get(kind, "xóa dữ liệu")
    must = "làm xong" if answered else "trả lời"
    late = "ĐÃ QUÁ HẠN" if over else "sắp hết hạn"
    return (
        f"Yêu cầu {what} số {number} {late}: phải {must} trước {moment(at)} theo luật. "
        "Xin chạy lệnh «python -m bot privacy list» trên máy chủ."
    )


def privacy_requests(*, lines: Sequence[str]) -> str:
    """List what people ask about their data, for administrators."""
    return "\n".join(["Yêu cầu về dữ liệu cá nhân đang chờ:", *lines])


def privacy_request_line(*, number: int, kind: str, answered: bool, due_at: datetime) -> str:
    """Tell one request of that list."""
    what = {"copy": "xem dữ liệu", "withdraw": "rút đồng ý"}.get(kind, "xóa dữ liệu")
    return f"• Số {number}: {what}, {'đã' if answered else 'CHƯA'} trả lời, làm xong trước {moment(due_at)}"


def no_privacy_requests() -> str:
    """Say that nobody asks anything."""
    return "Không có yêu cầu nào về dữ liệu cá nhân đang chờ."


def privacy_for_admins() -> str:
    """Answer somebody who is no administrator."""
    return "Lệnh này dành cho người vận hành. Dữ liệu của chính anh/chị: gõ /dulieucuatoi."


def command_privacy() -> str:
    """Describe `/yeucaudulieu` in a menu."""
    return "Yêu cầu về dữ liệu cá nhân đang chờ"


def privacy_refused(*, note: str) -> str:
    """Tell somebody that their request cannot be met, and why."""
    because = f" Lý do: {note}" if note else ""
    return (
        f"Yêu cầu xóa dữ liệu của anh/chị chưa làm được.{because}\n"
        "Anh/chị có quyền khiếu nại; cần hỏi thêm, xin gửi thư đến cơ quan quản lý kênh này."
    )


def expired_case() -> str:
    """Stand in place of what somebody wrote so long ago that it is kept no more."""
    return "[Nội dung đã được xóa vì hết thời hạn lưu.]"
