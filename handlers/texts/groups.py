"""What is said about and in group chats of officials."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import kind_name, moment
from handlers.texts.officials import case_status


def group_hint() -> str:
    """Tell a group what it can say to the bot."""
    return (
        "Anh/chị có thể hỏi số liệu (ví dụ: tuần này phường nào trễ nhiều nhất?), "
        "hoặc trả lời vào một hồ sơ để giao việc."
    )


def group_card(
    *,
    code: str,
    kind: str,
    status: str,
    urgent: bool,
    domain: str,
    unit: str,
    place: str,
    text: str,
    due_at: datetime | None,
    overdue: bool,
    people: int,
    answer: str,
) -> str:
    """Show a case to a group; nobody is named in it."""
    late = " – ĐÃ QUÁ HẠN" if overdue else ""
    lines = [
        "🔴 KHẨN" if urgent else "",
        f"{kind_name(kind=kind)} {code} ({case_status(status=status)})",
        f"• Lĩnh vực: {domain}",
        f"• Đơn vị: {unit}" if unit else "",
        f"• Nơi: {place or 'chưa rõ'}",
        f"• Trả lời trước: {moment(at=due_at)}{late}" if due_at else "",
        f"• {people} người cùng phản ánh" if people > 1 else "",
        f"«{text}»",
        f"Đơn vị đã trả lời: «{answer}»" if answer else "",
    ]
    return "\n".join(line for line in lines if line)


def label_open_privately() -> str:
    """Label of the button in a group that shows a case to whoever presses it, alone."""
    return "Xem trong tin nhắn riêng"


def topic_title(*, code: str, domain: str, unit: str) -> str:
    """Name the topic of a case."""
    return " · ".join(part for part in (code, domain, unit) if part)


def group_no_such_case() -> str:
    """Answer a code in a group that leads to nothing that may be shown there, whatever the reason."""
    return (
        "Trong nhóm này tôi không có hồ sơ nào mang mã đó. "
        "Anh/chị kiểm tra lại mã, hoặc nhắn riêng cho tôi để tra cứu."
    )


def group_write_me_first() -> str:
    """Ask somebody in a group to write to the bot, which does not know how to reach them alone."""
    return "Anh/chị nhắn riêng cho tôi một lần, rồi bấm lại nút này."


def group_unbound() -> str:
    """Answer in a group that is bound to nothing."""
    return (
        "Nhóm này chưa được gắn với đơn vị nào nên tôi chưa trao đổi được hồ sơ, số liệu ở đây. "
        "Lãnh đạo gõ /lapnhom trong tin nhắn riêng với tôi để lập nhóm."
    )


def group_outsider(*, title: str) -> str:
    """Answer somebody in a group who holds no post that it is for."""
    return (
        f"Nhóm «{title}» dành cho công việc của các đơn vị trong nhóm. "
        "Anh/chị cần phản ánh hay hỏi gì, xin nhắn riêng cho tôi."
    )


# ── making one ───────────────────────────────────────────────────────────────────────────────────


def command_groups() -> str:
    """Describe the command that makes groups."""
    return "lập nhóm với các chủ tịch"


def command_own_groups() -> str:
    """Describe the command that lists groups."""
    return "các nhóm đã lập, ai chưa vào"


def group_for_whom(*, unit: str) -> str:
    """Ask whom a group is for."""
    return f"Anh/chị muốn lập nhóm cho ai ({unit})?"


def label_group_all(*, count: int) -> str:
    """Label of the choice of all chairs."""
    return f"Tất cả chủ tịch ({count} đơn vị)"


def label_group_clusters() -> str:
    """Label of the choice of a cluster."""
    return "Một cụm đơn vị"


def label_group_departments(*, count: int) -> str:
    """Label of the choice of departments."""
    return f"Các sở, ngành ({count})"


def label_group_unit() -> str:
    """Label of the choice of one unit."""
    return "Một đơn vị và cấp trên"


def label_group_case() -> str:
    """Label of the choice of one case."""
    return "Một hồ sơ cần nhiều đơn vị"


def group_which_cluster(*, too_many: int, largest: int, lines: Sequence[str]) -> str:
    """Offer clusters; too_many: how many units there are, where that is too many for one group."""
    first = f"{too_many} đơn vị là quá đông cho một nhóm, xin chia thành cụm. " if too_many else ""
    ask = (
        f"{first}Anh/chị chọn một cụm dưới đây, hoặc gõ tên các đơn vị, cách nhau bằng dấu phẩy "
        f"(nhiều nhất {largest})."
    )
    return "\n".join([ask, *lines])


def label_group_cluster(*, number: int, count: int) -> str:
    """Label of a cluster of neighbouring wards."""
    return f"Cụm {number} ({count} đơn vị)"


def group_cluster_line(*, number: int, first: str, last: str) -> str:
    """Say which wards are in a cluster, by its first and last."""
    return f"• Cụm {number}: {first} … {last}"


def group_which_unit() -> str:
    """Ask for the one unit that a group is for."""
    return "Anh/chị gõ tên đơn vị (ví dụ: phường Khương Đình)."


def group_which_case() -> str:
    """Ask for the case that a group is for."""
    return "Anh/chị gõ mã hồ sơ (ví dụ: HN-7F3K-9Q2M)."


def group_choose_unit(*, query: str) -> str:
    """Let somebody choose among units with a name like the typed one."""
    return f"Có mấy đơn vị tên gần giống «{query}», anh/chị chọn giúp:"


def group_units_unknown(*, names: Sequence[str], found: Sequence[str]) -> str:
    """Tell which typed names are none of the units'."""
    known = f"\nĐã hiểu: {', '.join(found)}." if found else ""
    return (
        f"Tôi chưa tìm thấy đơn vị: {', '.join(names)}.{known}\n"
        "Anh/chị gõ lại cả danh sách, cách nhau bằng dấu phẩy."
    )


def group_too_many(*, count: int, largest: int) -> str:
    """Tell that too many units were named."""
    return f"{count} đơn vị là quá đông cho một nhóm. Anh/chị gõ lại nhiều nhất {largest} đơn vị."


def group_case_not_shown(*, code: str, waiting: bool) -> str:
    """Tell that a case cannot be dealt with in a group."""
    if waiting:
        return f"Hồ sơ {code} chưa có đơn vị xử lý. Khi đã giao đơn vị, anh/chị lập nhóm lại nhé."
    return (
        f"Hồ sơ {code} thuộc loại phải giữ kín nên không đưa vào nhóm được. "
        f"Anh/chị xử lý trong tin nhắn riêng: /tracuu {code}"
    )


def group_case_has_one(*, code: str, title: str) -> str:
    """Tell that a case has a group already."""
    return f"Hồ sơ {code} đã có nhóm «{title}». Xem các nhóm: /nhom"


def group_title_chairs(*, unit: str) -> str:
    """Name a group of all chairs."""
    return f"Lãnh đạo và các chủ tịch – {unit}"


def group_title_departments(*, unit: str) -> str:
    """Name a group of departments."""
    return f"Lãnh đạo và các sở, ngành – {unit}"


def group_title_cluster(*, number: int) -> str:
    """Name the group of a cluster."""
    return f"Chủ tịch phường, xã – cụm {number}"


def group_title_named(*, names: Sequence[str]) -> str:
    """Name a group of units that were typed."""
    more = f" và {len(names) - 2} đơn vị" if len(names) > 2 else ""
    return f"{', '.join(names[:2])}{more}"


def group_title_unit(*, unit: str, above: str) -> str:
    """Name a group of one unit and the one above it."""
    return f"{unit} – {above}"


def group_title_case(*, code: str) -> str:
    """Name the group of a case."""
    return f"Hồ sơ {code}"


def official_of(*, unit: str, name: str) -> str:
    """Name somebody by unit and name."""
    return f"{unit} ({name})"


def group_proposed(*, title: str, members: Sequence[str], absent: Sequence[str]) -> str:
    """Show who would be in a group."""
    lines = [f"Nhóm «{title}»"]
    if members:
        lines.append(f"• Sẽ có {len(members)} người: {', '.join(members)}.")
    else:
        lines.append("• Chưa có ai trong số này dùng kênh này.")
    if absent:
        lines.append(
            f"• Chưa có tài khoản: {', '.join(absent)}. Khi họ nhắn cho tôi ở kênh này, tôi sẽ mời ngay."
        )
    return "\n".join(lines)


def label_group_make() -> str:
    """Label of the button that makes a group."""
    return "Lập nhóm"


def label_group_not() -> str:
    """Label of the button that makes none."""
    return "Thôi, không lập"


def group_dropped() -> str:
    """Tell that no group is made."""
    return "Đã thôi, không lập nhóm nào. Khi cần anh/chị gõ /lapnhom."


def group_being_made(*, title: str) -> str:
    """Tell that a group is being made."""
    return f"Đang lập nhóm «{title}», xin đợi một chút."


def group_not_made(*, title: str) -> str:
    """Tell that the channel made no group."""
    return f"Kênh chat chưa lập được nhóm «{title}». Anh/chị thử lại sau ít phút: /lapnhom"


def no_groups_here() -> str:
    """Tell that the channel has no groups at all."""
    return "Kênh chat này không lập được nhóm. Anh/chị nhắn cho tôi ở kênh khác rồi gõ /lapnhom."


def group_link(*, title: str) -> str:
    """Say how a person makes a group for the bot."""
    return (
        f"Ở kênh này chỉ người dùng lập được nhóm. Anh/chị làm giúp hai bước cho «{title}»:\n"
        "1. Bấm nút bên dưới (hoặc nút «Chọn nhóm của tôi» ở chỗ bàn phím), chọn một nhóm của anh/chị hoặc "
        "tạo nhóm mới. Nhóm có sẵn thì chỉ nên có cán bộ trong đó.\n"
        "2. Đồng ý cho tôi làm quản trị viên với các quyền được đề nghị.\n"
        "Chỉ dùng được một lần, trong 24 giờ, và chỉ anh/chị dùng được. Tôi sẽ lo phần mời từng người."
    )


def label_group_link() -> str:
    """Label of the link that makes or picks a group."""
    return "Chọn hoặc tạo nhóm"


def label_group_pick() -> str:
    """Label of the key that shows the leader's own groups to pick one, or to make a new one."""
    return "Chọn nhóm của tôi"


def group_link_not_yours() -> str:
    """Refuse somebody who uses a leader's link."""
    return (
        "Liên kết này dành cho người đã xin lập nhóm. Anh/chị muốn lập nhóm thì gõ /lapnhom khi nhắn riêng."
    )


def group_link_stale() -> str:
    """Answer a link that was used already or is too old."""
    return (
        "Liên kết lập nhóm này đã dùng hoặc đã quá 24 giờ. "
        "Lãnh đạo gõ /lapnhom trong tin nhắn riêng với tôi để lấy liên kết mới."
    )


def group_bound_already(*, title: str) -> str:
    """Tell that a chat is a group for something else."""
    return f"Nhóm này đang dùng cho «{title}». Anh/chị chọn nhóm khác, hoặc gỡ nhóm này trước: /nhom"


# ── being there ──────────────────────────────────────────────────────────────────────────────────

_PURPOSES = {
    "chairs": "Nhóm này để lãnh đạo {above} và chủ tịch các đơn vị trao đổi việc của dân.",
    "cluster": "Nhóm này để lãnh đạo {above} và các đơn vị trong cụm trao đổi việc của dân.",
    "unit": "Nhóm này để {above} và {units} trao đổi việc của dân.",
    "case": "Nhóm này lập riêng cho hồ sơ {code}.",
}


def group_bound(*, title: str, purpose: str, above: str, units: Sequence[str], code: str) -> str:
    """Greet a group that is ready, and say what it is for."""
    about = _PURPOSES[purpose].format(above=above, units=", ".join(units), code=code)
    scope = "" if purpose == "unit" else f"\nPhạm vi: {', '.join(units)}."
    return (
        f"«{title}»\n{about}{scope}\n"
        "Ở đây tôi chỉ nêu hồ sơ trong phạm vi này, đã che tên, số điện thoại và địa chỉ của người dân; "
        "khiếu nại, tố cáo và phản ánh về cán bộ không đưa vào nhóm. "
        "Gõ mã hồ sơ để xem, trả lời vào hồ sơ để giao việc, hoặc hỏi số liệu."
    )


def group_ready(*, title: str, invited: int, members: int, absent: Sequence[str]) -> str:
    """Tell a leader that a group is ready."""
    sent = f" Đã gửi lời mời riêng cho {invited} người." if invited else ""
    missing = f"\nChưa có tài khoản: {', '.join(absent)}." if absent else ""
    return f"Nhóm «{title}» đã sẵn sàng ({members} người).{sent}{missing}\nXem ai chưa vào: /nhom"


def group_joined(*, title: str) -> str:
    """Tell somebody that they are in a group now."""
    return f"Anh/chị đã được đưa vào nhóm «{title}». Mở danh sách nhóm để trao đổi."


def group_invitation(*, title: str) -> str:
    """Invite somebody to a group."""
    return (
        f"Lãnh đạo mời anh/chị vào nhóm «{title}». Bấm nút bên dưới rồi xin vào nhóm. "
        "Liên kết này chỉ tài khoản của anh/chị dùng được."
    )


def label_group_join() -> str:
    """Label of the invitation."""
    return "Vào nhóm"


def group_invitation_failed(*, title: str) -> str:
    """Tell a leader that invitations could not be made."""
    return (
        f"Tôi chưa tạo được lời mời cho nhóm «{title}». Anh/chị xem tôi có quyền mời thành viên chưa, "
        "rồi gõ /nhom và bấm «Mời lại»."
    )


def group_link_of_another() -> str:
    """Tell somebody who belongs to a group that they used a colleague's invitation."""
    return (
        "Lời mời này dành cho người khác nên tôi chưa cho vào được. "
        "Anh/chị dùng lời mời mà tôi đã nhắn riêng cho anh/chị nhé."
    )


def group_not_for_you(*, title: str) -> str:
    """Tell somebody kindly that a group is not for them."""
    return (
        f"Nhóm «{title}» chỉ dành cho cán bộ được mời, nên tôi không cho anh/chị vào được. "
        "Anh/chị cần phản ánh điều gì, cứ nhắn cho tôi ở đây."
    )


def group_stranger_refused(*, title: str, who: str) -> str:
    """Tell a leader that somebody was not let in."""
    return f"{who} vừa xin vào nhóm «{title}» bằng lời mời không phải của mình. Tôi đã từ chối."


def group_stranger_inside(*, title: str, who: str) -> str:
    """Tell a leader that somebody is in a group who does not belong there."""
    return (
        f"{who} đã vào nhóm «{title}» nhưng không giữ chức vụ nào thuộc nhóm này. "
        "Nếu không phải do anh/chị mời, xin đưa người này ra khỏi nhóm."
    )


def group_member_left(*, title: str, who: str) -> str:
    """Tell a leader that a member left."""
    return f"{who} đã rời nhóm «{title}». Muốn mời lại, anh/chị gõ /nhom."


def group_member_stays(*, title: str, who: str) -> str:
    """Tell a leader that somebody should be out of a group and could not be taken out."""
    return (
        f"{who} không còn giữ chức vụ thuộc nhóm «{title}» nhưng tôi không đưa ra khỏi nhóm được. "
        "Nhờ anh/chị làm việc này."
    )


def group_scope_changed(*, title: str, units: Sequence[str]) -> str:
    """Tell a leader that a group follows the units that took over."""
    return f"Đơn vị trong nhóm «{title}» vừa thay đổi. Phạm vi nay là: {', '.join(units)}."


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────

_RIGHTS = {
    "read": "đọc tin nhắn trong nhóm (đặt tôi làm quản trị viên)",
    "invite": "mời thành viên bằng liên kết",
    "remove": "xóa, cấm thành viên (để đưa ra người đã thôi chức vụ)",
    "topics": "quản lý chủ đề",
}


_PRIVACY = (
    "Hiện chế độ riêng tư của bot đang bật: trong nhóm này tôi chỉ thấy lệnh và những tin gọi tên hoặc trả "
    "lời tôi. Đặt tôi làm quản trị viên là tôi đọc được ngay. Còn nếu quản trị hệ thống tắt chế độ này thì "
    "phải đưa tôi ra khỏi nhóm rồi thêm lại mới có hiệu lực."
)


def group_rights_missing(*, title: str, rights: Sequence[str], ready: bool) -> str:
    """Tell a leader which rights the bot lacks, and how to give them."""
    lines = [f"• {_RIGHTS[right]}" for right in rights]
    what = "không mời và đưa ra thành viên được như trước" if ready else "chưa mời ai vào"
    return "\n".join(
        [
            f"Trong nhóm «{title}» tôi còn thiếu quyền, nên {what}:",
            *lines,
            *([_PRIVACY] if "read" in rights else []),
            "Cách cấp: mở nhóm → Quản lý nhóm → Quản trị viên → chọn tôi → bật các quyền trên. "
            "Xong anh/chị bấm «Kiểm tra lại».",
        ]
    )


def group_rights_complete(*, title: str) -> str:
    """Tell a leader that nothing is missing any more."""
    return f"Nhóm «{title}»: tôi đã đủ quyền."


def label_group_check() -> str:
    """Label of the button that checks rights again."""
    return "Kiểm tra lại"


def group_being_checked(*, title: str) -> str:
    """Tell that rights are being checked."""
    return f"Đang kiểm tra nhóm «{title}». Nếu còn thiếu gì tôi sẽ báo ngay."


def group_lost(*, title: str) -> str:
    """Tell a leader that a group is gone for the bot, and how to get it back."""
    return (
        f"Tôi không còn ở trong nhóm «{title}», hoặc nhóm đã bị xóa. Hồ sơ và chỉ đạo vẫn còn nguyên.\n"
        "• Nhóm vẫn còn: thêm tôi lại vào nhóm và đặt làm quản trị viên, tôi sẽ gửi nốt những tin đã lỡ.\n"
        "• Nhóm đã xóa: bấm «Lập lại nhóm», tôi sẽ mời lại mọi người."
    )


def label_group_anew() -> str:
    """Label of the button that makes a lost group once more."""
    return "Lập lại nhóm"


def group_found(*, title: str, count: int) -> str:
    """Tell a leader that the bot is back in a group."""
    sent = f" Đang gửi nốt {count} tin đã lỡ." if count else ""
    return f"Tôi đã trở lại nhóm «{title}».{sent}"


# ── the list of groups ───────────────────────────────────────────────────────────────────────────

_GROUP_STATUSES = {
    "asked": "đang chờ được lập",
    "active": "đang dùng",
    "lost": "tôi không còn trong nhóm",
    "linked": "chờ anh/chị bấm liên kết lập nhóm",
}
_OUTSIDE_STATES = {
    "wanted": "chưa có tài khoản ở kênh này",
    "invited": "đã mời, chưa vào",
    "left": "đã rời nhóm",
}


def no_groups_yet() -> str:
    """Answer a leader without any group."""
    return "Anh/chị chưa có nhóm nào. Gõ /lapnhom để lập nhóm."


def group_state(
    *, title: str, status: str, joined: int, outside: Sequence[str], rights: Sequence[str]
) -> str:
    """Show how one group stands."""
    lines = [f"«{title}» – {_GROUP_STATUSES[status]}, {joined} người trong nhóm."]
    lines += [f"• Tôi còn thiếu quyền: {', '.join(_RIGHTS[right] for right in rights)}."] if rights else []
    lines += ["Chưa ở trong nhóm:", *(f"• {line}" for line in outside)] if outside else []
    return "\n".join(lines)


def group_outside(*, who: str, state: str) -> str:
    """Say of one person why they are not in a group."""
    return f"{who}: {_OUTSIDE_STATES[state]}"


def label_group_again() -> str:
    """Label of the button that sends new invitations."""
    return "Mời lại người chưa vào"


def group_invited_again(*, title: str, count: int) -> str:
    """Tell how many were invited again."""
    if not count:
        return f"Nhóm «{title}»: không còn ai để mời lại."
    return f"Đã gửi lời mời mới vào nhóm «{title}» cho {count} người."


def label_group_end() -> str:
    """Label of the button that gives a group up."""
    return "Thôi dùng nhóm"


def group_end_sure(*, title: str) -> str:
    """Ask whether a group is to be given up."""
    return f"Thôi dùng nhóm «{title}»? Tôi sẽ không gửi gì vào đó nữa; hồ sơ và chỉ đạo vẫn còn."


def label_group_end_yes() -> str:
    """Label of the button that confirms it."""
    return "Đúng, thôi dùng"


def group_ended(*, title: str) -> str:
    """Tell that a group was given up."""
    return f"Đã thôi dùng nhóm «{title}». Cần lại thì gõ /lapnhom."


# ── cases in groups ──────────────────────────────────────────────────────────────────────────────


def label_group_put() -> str:
    """Label of the button that puts a case into a group."""
    return "Đưa vào nhóm"


def group_none_fits(*, code: str) -> str:
    """Tell that no group may see a case."""
    return f"Anh/chị chưa có nhóm nào phù hợp với hồ sơ {code}. Lập nhóm cho hồ sơ này: /lapnhom {code}"


def group_put_where(*, code: str) -> str:
    """Ask into which group a case is to be put."""
    return f"Đưa hồ sơ {code} vào nhóm nào?"


def group_put_done(*, code: str, title: str) -> str:
    """Tell that a case stands in a group."""
    return f"Đã đưa hồ sơ {code} vào nhóm «{title}», thông tin riêng của người dân đã được che."


def group_case_news(*, code: str, status: str, unit: str, answer: str) -> str:
    """Tell a group what became of its case."""
    said = f"\n{unit or 'Đơn vị'} trả lời: «{answer}»" if answer else ""
    return f"Hồ sơ {code}: {case_status(status=status)}.{said}"
