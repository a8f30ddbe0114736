"""What citizens read: from the first greeting to the thanks for a rating. Short, warm, plain."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import (
    excerpt,
    kind_name,
    moment,
    review_possible,
    status_name,
    still_unsolved,
)

_EMERGENCY_NUMBERS = "113 công an · 114 cháy, cứu nạn · 115 cấp cứu · 112 tìm kiếm cứu nạn"
_UNSUPPORTED = {
    "sticker": "Tôi chưa hiểu được nhãn dán.",
    "voice": "Tôi chưa nghe được tin thoại.",
    "video": "Tôi chưa xem được video.",
    "file": "Tôi chưa mở được tệp này, chỉ nhận ảnh.",
    "large_photo": "Ảnh này quá lớn nên tôi không nhận được.",
    "photo_lost": "Tôi không tải được ảnh anh/chị vừa gửi.",
}
_INSTEAD = {
    "file": "Anh/chị gửi dưới dạng ảnh, hoặc viết vài dòng giúp tôi.",
    "large_photo": "Anh/chị chụp lại hoặc gửi ảnh nhỏ hơn (dưới 10 MB) giúp tôi.",
    "photo_lost": "Anh/chị gửi lại ảnh giúp tôi.",
    "video": "Anh/chị gửi ảnh và viết vài dòng giúp tôi.",
}


# ── greeting and help ────────────────────────────────────────────────────────────────────────────


def welcome(*, city: str) -> str:
    """Greet somebody who opens the chat."""
    return (
        f"Chào anh/chị! Đây là kênh tự động tiếp nhận phản ánh của {city}.\n"
        "Anh/chị cứ nhắn một tin: việc gì, ở đâu. Gửi kèm ảnh hoặc vị trí nếu có. "
        "Tôi sẽ tìm đơn vị phải trả lời, cho biết thời hạn và báo kết quả lại tại đây.\n"
        "Cần xem cách dùng, anh/chị gõ /trogiup. Tin nhắn được lưu để giải quyết; xem hoặc xóa dữ liệu của "
        "mình, anh/chị gõ /dulieucuatoi."
    )


def greeting() -> str:
    """Answer small talk."""
    return (
        "Chào anh/chị! Anh/chị muốn phản ánh, góp ý hay hỏi điều gì thì nhắn cho tôi một tin: việc gì, ở "
        "đâu. Có ảnh thì gửi kèm. Tôi sẽ chuyển đúng đơn vị và báo kết quả lại."
    )


def thanked() -> str:
    """Answer thanks that tell what for; nothing is sent."""
    return (
        "Cảm ơn anh/chị đã nhắn lời động viên! Nếu anh/chị muốn gửi lời này thành ý kiến, bấm «Đây là phản "
        "ánh»; có việc khác, anh/chị cứ nhắn cho tôi."
    )


def citizen_help() -> str:
    """Explain what a citizen can do."""
    return (
        "Cách dùng:\n"
        "• Nhắn một tin: việc gì, ở đâu; kèm ảnh hoặc vị trí nếu có. Xem lại rồi bấm «Đồng ý và gửi».\n"
        "• /cuatoi: xem các phản ánh của anh/chị\n"
        "• /tracuu MÃ: xem một phản ánh, ví dụ /tracuu HN-7F3K-9Q2M\n"
        "• /huy: bỏ điều đang làm dở\n"
        "• /dulieucuatoi: xem mọi dữ liệu đang lưu về anh/chị; /xoadulieu: rút đồng ý và xóa\n"
        f"Việc nguy hiểm đến tính mạng, xin gọi ngay: {_EMERGENCY_NUMBERS}."
    )


def group_welcome(*, city: str) -> str:
    """Greet a group that the bot was added to."""
    return (
        f"Chào mọi người! Tôi là trợ lý tự động của kênh phản ánh {city}. "
        "Trong nhóm này tôi chỉ trả lời các lệnh dành cho nhóm. Việc riêng, xin nhắn riêng cho tôi."
    )


def only_in_private() -> str:
    """Answer a personal command in a group."""
    return "Việc này có thông tin riêng, anh/chị nhắn riêng cho tôi nhé."


def command_list(*, lines: Sequence[str]) -> str:
    """List an official's commands, above a citizen's help."""
    return "\n".join(["Việc của cán bộ:", *lines])


def command_line(*, command: str, description: str) -> str:
    """Return one line of that list."""
    return f"• {command}: {description}"


# ── the draft ────────────────────────────────────────────────────────────────────────────────────


def what_to_report(*, photos: int, position: bool) -> str:
    """Ask for words when only a picture or a position came."""
    got = "ảnh" if photos else "vị trí" if position else ""
    kept = f"Tôi đã nhận {got} của anh/chị. " if got else ""
    return f"{kept}Anh/chị muốn phản ánh điều gì? Xin viết vài dòng, tôi sẽ gửi đi cùng."


def as_citizen() -> str:
    """Ask an official whether a plain text is a report of their own."""
    return (
        "Anh/chị muốn gửi nội dung này với tư cách người dân? "
        "Nếu là việc của đơn vị, xin bấm nút dưới vụ việc, hoặc gõ /trogiup để xem các lệnh của anh/chị."
    )


def consent(*, city: str, anonymous: bool) -> str:
    """Say what happens to personal data; stored with the case exactly as it was shown."""
    shown = (
        "Đơn vị giải quyết không thấy tên và số điện thoại của anh/chị"
        if anonymous
        else "Đơn vị giải quyết thấy tên và số điện thoại (nếu anh/chị đã cho)"
    )
    return (
        f"Bấm «Đồng ý và gửi» là anh/chị đồng ý để {city} lưu và dùng nội dung, ảnh, vị trí, tên và tài "
        f"khoản chat của anh/chị, chỉ để giải quyết việc này và báo kết quả. {shown}."
    )


def understood(
    *,
    text: str,
    kind: str,
    domain: str,
    place: str,
    ward_known: bool,
    unit: str,
    due_at: datetime | None,
    photos: int,
    unsure: bool,
    urgent: bool,
    consent: str,
    from_photo: bool = False,
) -> str:
    """Show what was understood and what will happen, above the button that agrees and sends."""
    due = f"trước {moment(due_at)}" if due_at else "báo ngay khi có đơn vị nhận"
    unknown = "chưa rõ phường/xã, anh/chị gửi vị trí nếu tiện"
    where = place if ward_known else f"{place} ({unknown})" if place else unknown
    lines = [
        "Tôi hiểu như sau, anh/chị xem giúp:",
        f"• {kind_name(kind)}: {excerpt(text, 160)}",
        f"• Lĩnh vực: {domain}" + (" (tôi chưa chắc)" if unsure else ""),
        f"• Nơi: {where}",
        f"• Đơn vị trả lời: {unit or 'người điều phối sẽ chọn đơn vị phù hợp'}",
        f"• Hạn trả lời: {due}",
    ]
    if photos:
        lines.append(f"• Ảnh: {photos}")
    if from_photo:
        lines.append("• Vị trí: theo nơi chụp ghi trong tệp ảnh; không đúng thì bấm «Sửa địa điểm»")
    if urgent:
        lines.append("• Khẩn: được xem trước")
    return "\n".join([*lines, "", consent])


def ask_place(*, candidates: bool) -> str:
    """Ask for the ward when the unit depends on it."""
    choose = "chọn một nút, gõ tên phường/xã" if candidates else "gõ tên phường/xã"
    return f"Việc này ở phường/xã nào? Anh/chị {choose}, hoặc gửi vị trí."


def place_elsewhere(*, place: str, city: str) -> str:
    """Say that the place in the text lies outside the city, and ask for one inside."""
    return (
        f"«{place}» không thuộc {city} nên tôi chưa chuyển được. Nếu việc xảy ra ở {city}, anh/chị gõ tên "
        "phường/xã hoặc gửi vị trí; nếu không, xin phản ánh với địa phương nơi đó."
    )


def which_place() -> str:
    """Ask which of the wards around a position it is."""
    return "Vị trí này nằm gần ranh giới. Việc xảy ra ở phường/xã nào?"


def place_not_found(*, query: str) -> str:
    """Say that no ward has the typed name."""
    return (
        f"Tôi chưa tìm thấy phường/xã «{excerpt(query, 40)}». Anh/chị gõ lại tên phường/xã "
        "(tên cũ cũng được), gửi vị trí, hoặc bấm «Tôi không rõ»."
    )


def position_outside(*, city: str) -> str:
    """Say that a position lies outside the city."""
    return (
        f"Vị trí này nằm ngoài {city} nên tôi chưa chuyển được. Nếu việc xảy ra ở {city}, anh/chị gửi lại "
        "vị trí đúng hoặc gõ tên phường/xã."
    )


def choose_domain() -> str:
    """Ask for the right domain."""
    return "Việc này thuộc lĩnh vực nào? Anh/chị chọn một nút."


def send_photos() -> str:
    """Ask for pictures."""
    return "Anh/chị gửi ảnh vào đây, một hoặc nhiều ảnh. Xong thì bấm «Đồng ý và gửi» như bình thường."


def still_waiting() -> str:
    """Say that a draft is not sent yet."""
    return "Nội dung của anh/chị chưa được gửi. Anh/chị xem lại và bấm «Đồng ý và gửi» giúp tôi."


def draft_discarded() -> str:
    """Confirm that the draft is gone."""
    return "Tôi đã bỏ nội dung này, không gửi đi đâu cả. Khi cần, anh/chị cứ nhắn lại."


def nothing_to_discard() -> str:
    """Answer /huy when nothing is under way."""
    return "Không có gì đang làm dở. Anh/chị muốn phản ánh điều gì, cứ nhắn cho tôi."


def step_left() -> str:
    """Answer /huy in the middle of something."""
    return "Tôi đã dừng lại, chưa có gì thay đổi. Anh/chị cần gì cứ nhắn tiếp."


# ── kinds that are not feedback ──────────────────────────────────────────────────────────────────


def emergency_numbers() -> str:
    """Give the emergency numbers before anything else."""
    return (
        "NẾU ĐANG NGUY HIỂM, XIN GỌI NGAY:\n"
        "113 – công an\n114 – cháy, cứu nạn\n115 – cấp cứu\n112 – tìm kiếm cứu nạn\n"
        "Gọi điện là nhanh nhất, tin nhắn ở đây không thay được cuộc gọi."
    )


def grievance(*, city: str) -> str:
    """Explain where a grievance belongs."""
    return (
        "Nội dung này giống một đơn KHIẾU NẠI: anh/chị không đồng ý với một quyết định hoặc việc làm của cơ "
        "quan nhà nước ảnh hưởng đến quyền lợi của mình. Việc này theo Luật Khiếu nại 02/2011, không giải "
        "quyết qua kênh phản ánh, nên tôi chưa gửi đi đâu.\n"
        "Anh/chị cần làm:\n"
        "• Viết đơn ghi ngày, họ tên, địa chỉ, nội dung, yêu cầu, rồi ký tên; kèm bản sao quyết định.\n"
        "• Nộp cho cơ quan đã ra quyết định, trực tiếp hoặc qua bưu điện; cần hướng dẫn thì đến "
        f"Ban Tiếp công dân của {city}.\n"
        "• Thời hạn giải quyết lần đầu: 30 ngày, việc phức tạp 45 ngày, tính từ ngày thụ lý.\n"
        "Nếu đây chỉ là phản ánh thường, anh/chị bấm nút dưới đây, tôi gửi tiếp ngay."
    )


def denunciation(*, city: str) -> str:
    """Explain where a denunciation belongs, and that the writer is protected."""
    return (
        "Nội dung này giống một đơn TỐ CÁO hành vi vi phạm pháp luật. Việc này theo Luật Tố cáo 25/2018, "
        "không giải quyết qua kênh phản ánh, nên tôi chưa gửi đi đâu và chưa ai xem.\n"
        "Anh/chị cần làm:\n"
        "• Viết đơn ghi ngày, họ tên, địa chỉ, người và việc bị tố cáo, rồi ký tên; hoặc đến trình bày trực "
        "tiếp.\n"
        f"• Nộp tại Thanh tra hoặc Ban Tiếp công dân của {city}. Không nộp cho người bị tố cáo.\n"
        "• Pháp luật bắt buộc giữ bí mật họ tên, địa chỉ của anh/chị.\n"
        "• Thời hạn giải quyết: 30 ngày, có thể gia hạn hai lần, mỗi lần 30 ngày.\n"
        "Nếu có người đang bị đe doạ, xin gọi 113. "
        "Nếu đây chỉ là phản ánh thường, anh/chị bấm nút dưới đây, tôi gửi tiếp ngay."
    )


def calm() -> str:
    """Answer an insult, advertising or a prank."""
    return (
        "Tôi hiểu anh/chị có thể đang bực. Tôi giúp được khi biết rõ việc gì và ở đâu. "
        "Anh/chị viết lại giúp tôi, hoặc bấm nút dưới đây nếu muốn gửi đúng nội dung vừa rồi."
    )


def foreign_language() -> str:
    """Answer a message in another language."""
    return (
        "I can only read Vietnamese, but a person will read your message. Please check below and press the "
        "first button to send it. In danger, call 113 (police), 114 (fire), 115 (ambulance) now.\n"
        "Tôi chỉ đọc được tiếng Việt; nội dung này sẽ do người điều phối đọc. Anh/chị bấm nút đầu tiên để "
        "gửi."
    )


# ── news about a case ────────────────────────────────────────────────────────────────────────────


def case_filed(*, code: str, unit: str, due_at: datetime | None, urgent: bool, photos: int) -> str:
    """Confirm a sent report: tracking code, unit and due time (empty and None when in triage)."""
    thanks = "Đã gửi khẩn." if urgent else "Đã gửi. Cảm ơn anh/chị!"
    if unit and due_at:
        follow = f"Đơn vị trả lời: {unit}, hạn trước {moment(due_at)}."
    else:
        follow = "Người điều phối sẽ chọn đơn vị phù hợp; tôi báo anh/chị ngay khi có."
    kept = f" (kèm {photos} ảnh)" if photos else ""
    return f"{thanks}\nMã: {code}{kept}\n{follow}\nCó tin mới tôi sẽ nhắn tại đây. Gõ /cuatoi để xem lại."


def case_assigned(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Tell that a dispatcher has chosen a unit."""
    due = f" Hạn trả lời: trước {moment(due_at)}." if due_at else ""
    return f"{code}: {unit} sẽ trả lời anh/chị.{due}"


def case_accepted(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Tell that the unit has begun."""
    due = f" Kết quả có trước {moment(due_at)}." if due_at else ""
    return f"{code}: {unit} đã nhận và đang giải quyết.{due}"


def case_handed_over(*, code: str, unit: str, due_at: datetime | None) -> str:
    """Tell that another unit answers now."""
    due = f" Hạn trả lời: trước {moment(due_at)}." if due_at else ""
    return f"{code} đã được chuyển đến {unit} để giải quyết cho đúng.{due}"


def case_returned(*, code: str, unit: str) -> str:
    """Tell that a unit gave the case back, so that a dispatcher chooses another."""
    return (
        f"{code}: {unit} cho biết việc này thuộc đơn vị khác. Người điều phối đang chọn lại, "
        "tôi sẽ báo anh/chị ngay khi có."
    )


def case_overdue(*, code: str, unit: str) -> str:
    """Own up to a missed deadline."""
    return (
        f"{code} đã quá hạn trả lời. Tôi xin lỗi và đã nhắc {unit}; lãnh đạo cũng được báo. "
        "Có kết quả tôi nhắn anh/chị ngay."
    )


def question_from_unit(*, code: str, unit: str, question: str) -> str:
    """Bring a unit's question."""
    return (
        f"{code}: {unit} cần hỏi thêm anh/chị:\n«{question}»\n"
        "Anh/chị nhắn câu trả lời ngay dưới đây, gửi kèm ảnh nếu có."
    )


def case_rejected(*, code: str, unit: str, reason: str, reopens: bool) -> str:
    """Tell that the case is refused, why, and what remains possible."""
    who = unit or "Người điều phối"
    return (
        f"{code}: {who} không giải quyết được việc này.\nLý do: {reason}\n"
        f"{review_possible() if reopens else still_unsolved()}"
    )


def case_closed(*, code: str) -> str:
    """Tell that an answered case is closed because nothing more was said."""
    return (
        f"{code} đã khép lại sau khi có trả lời. Cảm ơn anh/chị. Nếu việc vẫn còn, anh/chị nhắn lại như một "
        "phản ánh mới."
    )


def reporter_unreachable(*, code: str) -> str:
    """Tell the officials of a case that its reporter cannot be reached in chat."""
    return (
        f"{code}: không nhắn được cho người gửi (đã chặn hoặc rời kênh). Xin liên hệ bằng cách khác nếu có."
    )


# ── following up ─────────────────────────────────────────────────────────────────────────────────


def no_such_case() -> str:
    """Answer a code that is wrong, unknown or somebody else's: always the same."""
    return (
        "Tôi không tìm thấy phản ánh nào của anh/chị với mã này. Mã có dạng HN-7F3K-9Q2M. "
        "Anh/chị kiểm tra lại mã, hoặc gõ /cuatoi để xem các phản ánh của mình."
    )


def ask_for_code() -> str:
    """Ask for the code that /tracuu lacks."""
    return (
        "Anh/chị gõ mã sau lệnh, ví dụ: /tracuu HN-7F3K-9Q2M. Hoặc gõ /cuatoi để xem các phản ánh của mình."
    )


def case_state(
    *,
    code: str,
    status: str,
    text: str,
    domain: str,
    place: str,
    unit: str,
    received_at: datetime,
    due_at: datetime | None,
    answer: str,
    joined: str,
) -> str:
    """Show how a person's own case stands; `joined` tells of others who reported the same."""
    lines = [
        f"{code}: {status_name(status)}",
        f"• Nội dung: {excerpt(text, 200)}",
        f"• Gửi lúc: {moment(received_at)}",
        f"• Lĩnh vực: {domain}",
    ]
    if place:
        lines.append(f"• Nơi: {place}")
    if unit:
        lines.append(f"• Đơn vị: {unit}")
    if due_at:
        lines.append(f"• Hạn trả lời: trước {moment(due_at)}")
    if joined:
        lines.append(joined)
    if answer:
        lines.append(f"• Trả lời: {answer}")
    return "\n".join(lines)


def own_cases(*, lines: Sequence[str]) -> str:
    """List a person's cases."""
    return "\n".join(["Các phản ánh của anh/chị, mới nhất ở trên:", *lines, "Bấm một mã để xem rõ hơn."])


def own_case_line(*, code: str, status: str, text: str) -> str:
    """Return one line of the list."""
    return f"• {code} – {status_name(status)}: {excerpt(text, 50)}"


def no_cases() -> str:
    """Say that the person has reported nothing yet."""
    return "Anh/chị chưa gửi phản ánh nào. Nhắn cho tôi một tin: việc gì, ở đâu."


def rated(*, stars: int) -> str:
    """Thank for a good rating and leave room for words."""
    return f"Cảm ơn anh/chị đã chấm {stars} sao! Muốn nói thêm điều gì, anh/chị nhắn ngay; không thì thôi ạ."


def rated_already() -> str:
    """Answer a second rating."""
    return "Anh/chị đã đánh giá việc này rồi, tôi xin giữ đánh giá đó. Cảm ơn anh/chị!"


def words_kept() -> str:
    """Thank for words after a rating."""
    return "Cảm ơn anh/chị, tôi đã chuyển lời của anh/chị đến đơn vị."


def reopened_ask(*, code: str, unit: str) -> str:
    """Confirm that the case is open again and ask what is missing."""
    who = unit or "Đơn vị"
    return (
        f"Tôi xin lỗi vì việc chưa xong. {code} đã được mở lại, {who} sẽ xem lại.\n"
        "Còn điều gì chưa được, anh/chị nhắn ngay dưới đây, kèm ảnh nếu có."
    )


def addition_kept(*, code: str) -> str:
    """Confirm that something was added to a case."""
    return f"Tôi đã bổ sung vào {code} và báo đơn vị đang giải quyết."


def finished_addition(*, code: str, reopens: bool) -> str:
    """Confirm words to a finished case, and say what to do where it is not solved."""
    way = "bấm «Chưa giải quyết»" if reopens else "anh/chị nhắn lại như một phản ánh mới"
    return f"Tôi đã chuyển lời của anh/chị về {code} đến đơn vị. Nếu việc chưa xong, {way}."


def citizen_added(*, code: str, text: str, photos: int) -> str:
    """Bring the officials of a case what its reporter added."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    said = f"\n«{text}»" if text else ""
    return f"{code}: người dân nhắn thêm:{said}{pictures}"


def reopened_note(*, stars: int) -> str:
    """Say on the unit's card why a case is back."""
    rated = f" (chấm {stars} sao)" if stars else ""
    return f"Người dân mở lại: chưa giải quyết xong{rated}"


def withdrawn(*, code: str) -> str:
    """Confirm that a report was taken back."""
    return f"Đã rút lại {code}, đơn vị không giải quyết nữa. Khi cần, anh/chị cứ nhắn lại."


def withdrawn_note(*, code: str) -> str:
    """Tell the officials of a case that it was taken back."""
    return f"{code}: người dân đã rút lại, không phải giải quyết nữa."


def reply_kept(*, code: str) -> str:
    """Confirm that the unit's question is answered."""
    return f"Cảm ơn anh/chị. Tôi đã chuyển câu trả lời cho đơn vị, {code} được giải quyết tiếp."


def ask_addition(*, code: str) -> str:
    """Ask what to add to a case."""
    return f"Anh/chị muốn bổ sung gì cho {code}? Nhắn vài dòng hoặc gửi ảnh ngay dưới đây."


def ask_reply(*, code: str) -> str:
    """Ask for the answer to a unit's question."""
    return f"Anh/chị nhắn câu trả lời cho {code} ngay dưới đây, gửi kèm ảnh nếu có."


def case_finished(*, code: str, reopens: bool) -> str:
    """Say that nothing can be added to a finished case, and what to do instead."""
    way = "bấm «Chưa giải quyết» để mở lại, hoặc nhắn một tin mới" if reopens else "nhắn một tin mới"
    return f"{code} đã xong nên không bổ sung được nữa. Nếu việc chưa ổn, anh/chị {way}."


def edit_noted(*, code: str) -> str:
    """Confirm that an edit reached a case that was sent already."""
    return f"Tin này đã gửi đi thành {code}. Tôi giữ bản gốc và bổ sung nội dung anh/chị vừa sửa cho đơn vị."


# ── what cannot be used ──────────────────────────────────────────────────────────────────────────


def unsupported(*, what: str) -> str:
    """Answer something that the bot cannot use, with what to do instead."""
    said = _UNSUPPORTED.get(what, "Tôi chưa đọc được loại tin này.")
    return f"{said} {_INSTEAD.get(what, 'Anh/chị viết vài dòng giúp tôi, kèm ảnh nếu có.')}"


def nothing_received() -> str:
    """Answer a message without anything in it."""
    return "Tôi chưa nhận được nội dung nào. Anh/chị viết vài dòng: việc gì, ở đâu, kèm ảnh nếu có."


def too_long(*, limit: int) -> str:
    """Answer a text beyond what is kept."""
    return (
        f"Tin dài quá {limit} chữ cái nên tôi chưa nhận được. Anh/chị rút gọn giúp tôi: việc gì, ở đâu, "
        "từ khi nào; có thể gửi thêm ảnh."
    )


def too_many_photos(*, limit: int) -> str:
    """Answer more pictures than one report holds."""
    return f"Mỗi phản ánh nhận tối đa {limit} ảnh. Tôi giữ {limit} ảnh đầu, không nhận thêm được nữa."


def stale_button() -> str:
    """Answer a button that means nothing any more."""
    return "Nút này không còn dùng được nữa, chưa có gì thay đổi. Anh/chị nhắn lại điều cần, hoặc gõ /cuatoi."


def already_sent(*, code: str) -> str:
    """Answer a second press of the sending button."""
    return f"Nội dung này đã được gửi rồi, mã {code}. Anh/chị không cần gửi lại."


def unknown_command(*, nearest: str) -> str:
    """Answer a command that does not exist."""
    hint = f"Có phải anh/chị muốn gõ {nearest}? " if nearest else ""
    return f"Tôi không có lệnh này. {hint}Gõ /trogiup để xem cách dùng."


def contact_not_own() -> str:
    """Answer somebody else's contact card."""
    return (
        "Tôi không lưu số điện thoại của người khác. Nếu là số của anh/chị và cần cho việc này, "
        "anh/chị viết số đó trong tin nhắn nhé."
    )


# ── why a dispatcher looks first (dispatchers read this) ────────────────────────────────────────


def doubt_domain() -> str:
    """Say that the domain is uncertain."""
    return "Máy chưa chắc lĩnh vực"


def doubt_language() -> str:
    """Say that the text is in another language."""
    return "Viết bằng tiếng nước ngoài"


def doubt_kind(*, kind: str) -> str:
    """Say that the machine took it for another kind and the writer calls it feedback."""
    return f"Máy đọc là {kind_name(kind).lower()}, người gửi cho là phản ánh thường"


def doubt_place() -> str:
    """Say that the ward is not known."""
    return "Chưa rõ phường/xã"


def doubt_unit() -> str:
    """Say that the rules name nobody."""
    return "Chưa có đơn vị phụ trách theo quy định phân công"


# ── button labels ────────────────────────────────────────────────────────────────────────────────


def label_send() -> str:
    """Label: agree to the handling of personal data and send."""
    return "Đồng ý và gửi"


def label_fix_domain() -> str:
    """Label: correct the domain."""
    return "Sửa lĩnh vực"


def label_fix_place() -> str:
    """Label: correct the place."""
    return "Sửa địa điểm"


def label_add_photos() -> str:
    """Label: add pictures."""
    return "Thêm ảnh"


def label_anonymous() -> str:
    """Label: hide the name from the unit."""
    return "Ẩn danh với đơn vị"


def label_named() -> str:
    """Label: show the name to the unit after all."""
    return "Thôi ẩn danh"


def label_discard() -> str:
    """Label: throw the draft away."""
    return "Huỷ"


def label_back() -> str:
    """Label: return to what was understood."""
    return "Quay lại"


def label_is_report() -> str:
    """Label: what was taken for a greeting is a report."""
    return "Đây là phản ánh"


def label_look() -> str:
    """Label: show again what was understood."""
    return "Xem lại"


def label_place_unknown() -> str:
    """Label: the writer does not know the ward."""
    return "Tôi không rõ"


def label_send_position() -> str:
    """Label: send the phone's position."""
    return "Gửi vị trí"


def label_ordinary() -> str:
    """Label: it is feedback after all."""
    return "Đây chỉ là phản ánh thường"


def label_send_anyway() -> str:
    """Label: go on with what looked like abuse."""
    return "Tôi muốn gửi nội dung này"


def label_as_citizen() -> str:
    """Label: an official writes as a citizen."""
    return "Gửi như người dân"


def label_add() -> str:
    """Label: add something to a case."""
    return "Bổ sung"


def label_stars(*, stars: int) -> str:
    """Label: one to five stars."""
    return f"{stars} ★"


def label_unsolved() -> str:
    """Label: the problem is still there."""
    return "Chưa giải quyết"


def label_reply() -> str:
    """Label: answer the unit's question."""
    return "Trả lời"


def label_withdraw() -> str:
    """Label: take a report back before anybody has begun."""
    return "Rút lại"


# ── commands, as menus show them ─────────────────────────────────────────────────────────────────


def command_track() -> str:
    """Say in a menu what /tracuu does."""
    return "Xem một phản ánh theo mã"


def command_mine() -> str:
    """Say in a menu what /cuatoi does."""
    return "Các phản ánh của tôi"


def command_help() -> str:
    """Say in a menu what /trogiup does."""
    return "Cách dùng"


def command_cancel() -> str:
    """Say in a menu what /huy does."""
    return "Bỏ điều đang làm dở"
