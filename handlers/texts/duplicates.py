"""What people read when several reports tell of the same incident."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment


def _people(people: int) -> str:
    return f"{people} người cùng báo"


# ── what a citizen reads before and after joining ────────────────────────────────────────────────


def same_incident(
    *,
    code: str,
    own: bool,
    domain: str,
    place: str,
    text: str,
    received_at: datetime,
    people: int,
    unit: str,
    due_at: datetime | None,
) -> str:
    """Ask whether a report tells of a known incident; `text` is empty where it is not to be shown."""
    known = f"Anh/chị đã gửi một phản ánh giống việc này: {code}"
    lines = [known if own else f"Đã có phản ánh giống việc này: {code}", f"• Lĩnh vực: {domain}"]
    lines += [f"• Nơi: {place}"] if place else []
    lines += [f"• Nội dung: «{excerpt(text, 100)}»"] if text else []
    lines.append(f"• Gửi lúc: {moment(received_at)}" + (f" – {_people(people)}" if people > 1 else ""))
    lines += [f"• Đơn vị: {unit}"] if unit else []
    lines += [f"• Hạn trả lời: trước {moment(due_at)}"] if due_at else []
    lines += ["Có phải cùng vụ việc không ạ?"]
    return "\n".join(lines)


def label_same() -> str:
    """Name the button that joins the known case."""
    return "Đúng, cùng vụ việc"


def label_not_same() -> str:
    """Name the button that sends the report as a case of its own."""
    return "Không, việc khác"


def joined(*, code: str, master: str, people: int, unit: str, due_at: datetime | None, photos: int) -> str:
    """Thank somebody who joined a case: their own code, who handles it and by when."""
    who = f"{unit} đang giải quyết" if unit else "Cán bộ điều phối đang chọn đơn vị giải quyết"
    until = f", trả lời trước {moment(due_at)}" if due_at else ""
    lines = [
        f"Cảm ơn anh/chị! Phản ánh đã được gộp vào vụ việc {master}.",
        f"Mã của anh/chị: {code}",
        f"{who}{until}.",
    ]
    lines += [f"Đến nay có {_people(people)} vụ việc này."] if people > 1 else []
    lines += [f"Đã gửi kèm {photos} ảnh."] if photos else []
    lines.append("Có tin gì mới, tôi báo ngay cho anh/chị.")
    return "\n".join(lines)


def gone_meanwhile() -> str:
    """Answer somebody who wants to join a case that was finished meanwhile, or is no longer alike."""
    return (
        "Vụ việc kia vừa được khép lại, hoặc không còn giống điều anh/chị viết, nên tôi gửi phản ánh của "
        "anh/chị thành một việc mới."
    )


def joined_state(*, master: str, people: int) -> str:
    """Add to a person's own case that it was merged into another."""
    return f"• Gộp chung vào vụ việc {master}" + (f" – {_people(people)}" if people > 1 else "")


def people_state(*, people: int) -> str:
    """Add to a person's own case that others reported it too."""
    return f"• {_people(people)}"


def people_count(*, people: int) -> str:
    """Tell how many people reported one incident."""
    return f"👥 {_people(people)}"


def joined_question(*, code: str, unit: str) -> str:
    """Tell those who joined that the unit asks whoever reported it first."""
    return (
        f"{code}: {unit} đang hỏi thêm người báo đầu tiên. Anh/chị không cần làm gì; biết thêm điều gì thì "
        "bấm nút dưới đây để bổ sung."
    )


def others_joined(*, code: str, people: int) -> str:
    """Answer somebody who wants to take back a report that others have joined."""
    return (
        f"{code} hiện có {_people(people)} nên đơn vị vẫn phải giải quyết. Anh/chị không cần làm gì thêm; "
        "không muốn nhận tin nữa thì cứ bỏ qua."
    )


def joined_rated_low(*, stars: int) -> str:
    """Thank somebody who joined for a low rating, and ask whether the matter is still there."""
    return (
        f"Cảm ơn anh/chị đã chấm {stars} sao, tôi đã ghi lại. Nếu việc vẫn chưa được giải quyết, anh/chị bấm "
        "nút dưới đây, tôi mở lại vụ việc."
    )


def reopened_news(*, code: str, unit: str) -> str:
    """Tell everybody else that somebody among them has reopened their common case."""
    who = unit or "Đơn vị phụ trách"
    return (
        f"{code}: một người cùng phản ánh cho biết việc chưa xong, nên vụ việc đã được mở lại. {who} giải "
        "quyết tiếp."
    )


def label_leave() -> str:
    """Name the button that takes one's report out of a merged case."""
    return "Không phải cùng vụ việc"


def leave_finished(*, code: str) -> str:
    """Answer somebody who wants to take a report out of a case that is answered."""
    return (
        f"{code}: vụ việc chung đã có trả lời nên không cần tách ra nữa. Nếu việc của anh/chị chưa được giải "
        "quyết, anh/chị bấm nút dưới đây, tôi mở lại vụ việc."
    )


# ── what reporters are told when officials merge and un-merge ────────────────────────────────────


def merged_news(*, code: str, master: str, unit: str, due_at: datetime | None) -> str:
    """Tell a reporter that their case was merged into another."""
    who = f"{unit} giải quyết chung" if unit else "Cán bộ điều phối xem chung"
    until = f", trả lời trước {moment(due_at)}" if due_at else ""
    return (
        f"{code} cùng vụ việc với {master} nên đã được gộp lại. {who}{until}. Mã của anh/chị vẫn dùng được; "
        "mọi tin mới và câu trả lời đều đến với anh/chị. Không phải cùng vụ việc thì bấm nút dưới đây."
    )


def merged_here_news(*, code: str, people: int) -> str:
    """Tell the reporter of the case that stays that others reported it too."""
    return f"{code}: hiện có {_people(people)} vụ việc này. Đơn vị giải quyết chung một lần cho tất cả."


def unmerged_news(*, code: str, master: str, unit: str, due_at: datetime | None) -> str:
    """Tell a reporter that their case is one of its own again."""
    who = f"{unit} giải quyết" if unit else "Cán bộ điều phối đang chọn đơn vị giải quyết"
    until = f", trả lời trước {moment(due_at)}" if due_at else ""
    return f"{code} đã được tách khỏi {master}, thành một việc riêng. {who}{until}."


def left_news(*, code: str, people: int) -> str:
    """Tell the reporter of the case that stays that one report was taken out of it."""
    still = f" Hiện còn {_people(people)}." if people > 1 else ""
    return f"{code}: một phản ánh khác vừa được tách ra.{still} Việc của anh/chị vẫn được giải quyết tiếp."


def unmerged_reason(*, master: str) -> str:
    """Say why a case without a unit waits for a dispatcher."""
    return f"Vừa tách khỏi {master}"


# ── what officials read ──────────────────────────────────────────────────────────────────────────


def joined_note(*, code: str, people: int) -> str:
    """Tell the unit that more people report a case; at most once a day."""
    return f"👥 {code}: hiện có {_people(people)}. Ý kiến và ảnh của họ ở nút dưới đây."


def perhaps_same(*, code: str, domain: str, place: str, received_at: datetime, status: str) -> str:
    """Point out a case that may be about the same incident."""
    where = f", {place}" if place else ""
    return f"🔁 Có thể trùng với {code}: {domain}{where}, gửi {moment(received_at)} ({status})"


def perhaps_same_elsewhere() -> str:
    """Say of an emergency that another unit may have the same, without telling anything of it."""
    return "🔁 Nơi khác có thể cũng đã nhận phản ánh về việc này. Cần biết thêm, xin hỏi cán bộ điều phối."


def label_merge(*, code: str) -> str:
    """Name the button that merges a case into the one that it may be the same as."""
    return f"Gộp với {code}"


def label_unmerge(*, code: str) -> str:
    """Name the button that makes a merged case one of its own again."""
    return f"Tách {code}"


def label_people(*, people: int) -> str:
    """Name the button that shows what those who joined have written."""
    return f"Người cùng báo ({people})"


def joined_list(*, code: str, lines: Sequence[str], left_out: int) -> str:
    """Show officials what those who joined a case have written."""
    told = [f"Những phản ánh gộp vào {code}:", *lines]
    told += [f"… và {left_out} phản ánh nữa."] if left_out else []
    return "\n".join(told)


def joined_line(*, code: str, text: str, photos: int, received_at: datetime) -> str:
    """Return one merged report of the list."""
    pictures = f" ({photos} ảnh)" if photos else ""
    return f"• {code}, {moment(received_at)}{pictures}: «{excerpt(text, 300)}»"


def joined_addition(*, text: str, at: datetime) -> str:
    """Return what somebody who joined has added, below their report in the list."""
    return f"   ↳ bổ sung {moment(at)}: «{excerpt(text, 200)}»"


def nobody_joined(*, code: str) -> str:
    """Say that no report was merged into a case."""
    return f"Chưa có phản ánh nào được gộp vào {code}."


def merged_done(*, code: str, master: str, people: int) -> str:
    """Confirm a merging to whoever did it; `master` is the older case, which stays."""
    return (
        f"Đã gộp {code} vào {master} (việc gửi trước được giữ lại, hạn sớm hơn được giữ). Hiện có "
        f"{_people(people)}. Người gửi đã được báo."
    )


def compare_cases(*, master: str, case: str) -> str:
    """Show two cases before they are merged; `master` is the one that stays."""
    return f"Gộp hai việc này?\nGiữ lại, là việc gửi trước:\n{master}\nGộp vào đó:\n{case}"


def compared_line(*, code: str, domain: str, place: str, received_at: datetime, text: str) -> str:
    """Return one of two cases that are compared before they are merged."""
    where = f", {place}" if place else ""
    return f"• {code}: {domain}{where}, gửi {moment(received_at)}: «{excerpt(text, 150)}»"


def label_merge_now() -> str:
    """Name the button that merges the two cases that are shown."""
    return "Gộp"


def nothing_alike(*, code: str) -> str:
    """Say that nothing like a case is known, and how to name the other one."""
    return f"Tôi chưa thấy việc nào giống {code}. Nếu biết mã kia, anh/chị gõ /gop {code} rồi mã đó."


def ask_duplicate(*, code: str) -> str:
    """Ask a dispatcher which case this one repeats."""
    return (
        f"{code} trùng với việc nào? Anh/chị bấm nút gộp nếu có dưới đây, hoặc gõ mã của việc kia. Người gửi "
        "vẫn giữ mã của mình và nhận được câu trả lời chung."
    )


def merged_away(*, code: str, master: str, unit: str) -> str:
    """Tell a unit that one of its cases was merged away; `unit` is who handles it, empty for itself."""
    who = f" {unit} giải quyết chung." if unit else ""
    return f"{code} đã được gộp vào {master}.{who} Đơn vị không phải giải quyết riêng {code} nữa."


def joined_unreachable(*, code: str, master: str) -> str:
    """Tell the unit that somebody who joined a case cannot be reached in chat."""
    return (
        f"{master}: không nhắn được cho một người cùng báo ({code}: đã chặn hoặc rời kênh). Xin liên hệ bằng "
        "cách khác nếu có."
    )


def unmerged_done(*, code: str, master: str, unit: str, due_at: datetime | None) -> str:
    """Confirm an un-merging to whoever did it."""
    where = f"về lại {unit}" if unit else "về hàng chờ điều phối"
    until = f", hạn {moment(due_at)} tính từ lúc người dân gửi" if due_at else ""
    return f"Đã tách {code} khỏi {master}: việc {where}{until}. Người gửi đã được báo."


def merge_usage() -> str:
    """Explain `/gop`."""
    return (
        "Gõ /gop rồi một hoặc hai mã, ví dụ: /gop HN-7F3K-9Q2M HN-3M8T-4W6R. Tôi cho xem cả hai rồi mới gộp; "
        "việc gửi trước được giữ lại."
    )


def unmerge_usage() -> str:
    """Explain `/tach`."""
    return "Gõ /tach rồi mã của việc đã gộp, ví dụ: /tach HN-7F3K-9Q2M."


def merge_itself() -> str:
    """Refuse to merge a case with itself."""
    return "Hai mã này là cùng một việc rồi."


def merged_already(*, code: str, master: str) -> str:
    """Refuse to merge what is merged."""
    return f"{code} đã được gộp vào {master}, chưa có gì thay đổi thêm."


def merge_finished(*, code: str) -> str:
    """Refuse to merge a finished case."""
    return f"{code} đã xong nên không gộp được nữa. Chỉ gộp những việc còn đang giải quyết."


def merge_restricted(*, code: str) -> str:
    """Refuse to merge what must stay among few people, or what is no matter of others."""
    return f"{code} là việc riêng của người gửi nên không được gộp với việc khác."


def merge_answered_before(*, code: str) -> str:
    """Refuse to merge a case away that was answered once and reopened."""
    return f"{code} đã được trả lời một lần rồi mở lại, nên phải được giải quyết tiếp như một việc riêng."


def merge_not_alike() -> str:
    """Refuse a chair to merge what differs in domain or place."""
    return (
        "Hai việc này khác lĩnh vực hoặc không ở cùng một nơi, nên chỉ cán bộ điều phối mới gộp được. Chưa "
        "có gì thay đổi."
    )


def merge_not_yours(*, code: str) -> str:
    """Refuse to merge or un-merge what another unit has."""
    return f"Anh/chị chỉ gộp và tách được việc của chính đơn vị mình. {code} xin nhờ cán bộ điều phối."


def not_merged(*, code: str) -> str:
    """Answer an un-merging of a case that is one of its own."""
    return f"{code} đang là một việc riêng, không có gì để tách."


def unmerge_master(*, code: str) -> str:
    """Answer an un-merging of the case that others were merged into."""
    return f"{code} là việc chính. Muốn tách, gõ /tach với mã của việc đã gộp vào; bấm nút dưới đây để xem."


def command_merge() -> str:
    """Describe `/gop` in a menu."""
    return "Gộp hai phản ánh cùng một vụ việc"


def command_unmerge() -> str:
    """Describe `/tach` in a menu."""
    return "Tách một phản ánh đã gộp"
