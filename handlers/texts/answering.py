"""What is read while an answer is written, approved and sent: by the officer, the chair and the citizen."""

from collections.abc import Collection, Sequence
from datetime import datetime

from handlers.texts.common import excerpt, moment, still_unsolved

_ASKED_FOR = {"what": "đã làm gì", "when": "làm khi nào", "who": "ai làm"}


# ── writing an answer ────────────────────────────────────────────────────────────────────────────


def write_answer(*, code: str, needs_proof: bool, approval: bool, waiting: bool) -> str:
    """Ask for the answer; `approval`: the chair approves it, `waiting`: an earlier one waits for that."""
    proof = " Việc này cần ảnh kết quả, xin gửi kèm." if needs_proof else " Có ảnh thì gửi kèm."
    sent = (
        "lãnh đạo duyệt xong thì người dân mới nhận được."
        if approval
        else "người dân chỉ nhận khi anh/chị bấm «Gửi câu trả lời»."
    )
    replaced = "\nMột bản trước đang chờ duyệt; bản mới sẽ thay bản đó." if waiting else ""
    return (
        f"Anh/chị nhắn câu trả lời cho {code}: đã làm gì, khi nào, ai làm.{proof} "
        f"Có thể nhắn nhiều tin; {sent}{replaced}"
    )


def answer_draft(
    *, code: str, text: str, photos: int, no_photo_reason: str, notes: Sequence[str], button: str
) -> str:
    """Show what would be sent, what it lacks, and which button sends it; empty where none does yet."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    reason = f"\n{no_photo(reason=no_photo_reason)}" if no_photo_reason else ""
    lacks = "".join(f"\n\n{note}" for note in notes)
    ends = f"\n\nBấm «{button}», hoặc nhắn thêm." if button else ""
    return f"Câu trả lời cho {code}:\n«{text}»{pictures}{reason}{lacks}{ends}"


def no_photo(*, reason: str) -> str:
    """Say why an answer comes without a picture."""
    return f"Không có ảnh, vì: {reason}"


def proof_missing() -> str:
    """Say that the picture is still missing, and what to do."""
    return (
        "⚠️ Còn thiếu ảnh kết quả nên chưa gửi được. Anh/chị gửi ảnh vào đây; nếu việc này không chụp ảnh "
        "được, bấm «Không có ảnh, nêu lý do»."
    )


def answer_lacks(*, missing: Sequence[str]) -> str:
    """Say which of "what", "when" and "who" an answer does not tell."""
    asked = ", ".join(_ASKED_FOR[each] for each in missing)
    return f"💡 Người dân sẽ hỏi thêm: {asked}? Anh/chị nhắn thêm một câu, hoặc cứ gửi như vậy."


def answer_vague() -> str:
    """Say that an answer tells of nothing that was done."""
    return (
        "💡 Câu này chưa nói đã làm gì, nên người dân dễ bấm «Chưa giải quyết». Anh/chị viết rõ: đã làm gì, "
        "khi nào, ai làm. Nếu việc chưa xong, gửi như tin tiến độ."
    )


def answer_promise() -> str:
    """Say that an answer is a promise, and offer to send it as progress."""
    return (
        "💡 Đây là lời hứa, chưa phải kết quả: gửi như thông tin tiến độ? "
        "Người dân vẫn được báo, còn việc vẫn mở để anh/chị trả lời khi làm xong."
    )


def gap_left(*, gap: str) -> str:
    """Say which gap of a template is still open; the next message fills it."""
    return (
        f"✏️ Còn chỗ trống, chưa gửi được: «{gap}»\n"
        "Tin nhắn tiếp theo của anh/chị sẽ được điền vào chỗ … này. Muốn tự viết cả câu, bấm «Viết lại»."
    )


def answer_needs_words(*, code: str, photos: int) -> str:
    """Ask for a sentence when only pictures came."""
    return f"Tôi đã giữ {photos} ảnh cho {code}. Anh/chị viết thêm một câu: đã làm gì, khi nào, ai làm."


def write_anew(*, code: str, photos: int) -> str:
    """Ask for the words anew; the pictures stay."""
    kept = f" {photos} ảnh đã gửi vẫn giữ." if photos else ""
    return f"Anh/chị viết lại lời trả lời cho {code}.{kept}"


def write_no_photo_reason(*, code: str) -> str:
    """Ask why an answer comes without a picture; the citizen reads it."""
    return (
        f"Vì sao {code} không có ảnh kết quả? Anh/chị nhắn lý do, hoặc gửi ảnh vào đây. "
        "Người dân và lãnh đạo sẽ đọc lý do này."
    )


def answer_sent(*, code: str, on_time: bool) -> str:
    """Confirm that the answer is on its way."""
    held = "đúng hạn" if on_time else "sau hạn"
    return f"Đã gửi câu trả lời của {code} ({held}). Người dân sẽ đánh giá; nếu chưa xong, việc sẽ mở lại."


def case_answered(
    *, code: str, unit: str, answer: str, photos: int, no_photo_reason: str, reopens: bool
) -> str:
    """Bring the answer and ask for a rating."""
    proof = f"\n(Kèm {photos} ảnh kết quả)" if photos else ""
    reason = f"\n{no_photo(reason=no_photo_reason)}" if no_photo_reason else ""
    unsolved = "Nếu việc chưa xong, bấm «Chưa giải quyết»." if reopens else still_unsolved()
    return (
        f"{code}: {unit} trả lời:\n{answer}{proof}{reason}\n\n"
        f"Anh/chị hài lòng mức nào? Chọn từ 1 đến 5 sao. {unsolved}"
    )


def history_no_photo(*, reason: str) -> str:
    """Return what a card's line of an answer says about its missing picture."""
    return f" ({no_photo(reason=excerpt(reason, 120))})"


# ── telling of progress ──────────────────────────────────────────────────────────────────────────


def write_progress(*, code: str) -> str:
    """Ask what to tell the citizen while the work goes on."""
    return (
        f"Anh/chị nhắn tin tiến độ của {code}: đang làm đến đâu, bao giờ xong. "
        "Người dân được báo ngay; việc vẫn mở, thời hạn không đổi."
    )


def progress_draft(*, code: str, text: str, photos: int) -> str:
    """Show the note that would be sent."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    return f"Tin tiến độ cho người gửi {code}:\n«{text}»{pictures}\n\nBấm để gửi, hoặc nhắn thêm."


def progress_sent(*, code: str, due_at: datetime | None) -> str:
    """Confirm that the citizen is told, and that the answer is still due."""
    due = f" Hạn trả lời vẫn là {moment(due_at)}." if due_at else ""
    return f"Đã gửi tin tiến độ của {code}. Việc vẫn mở.{due}"


def progress_news(*, code: str, unit: str, text: str, photos: int) -> str:
    """Tell a citizen how far the work is."""
    pictures = f"\n(Kèm {photos} ảnh)" if photos else ""
    return (
        f"{code}: {unit} báo tiến độ:\n{text}{pictures}\n\nViệc chưa khép lại; khi xong tôi báo anh/chị ngay."
    )


def history_progress(*, at: datetime, text: str) -> str:
    """Return a line of a card: what the citizen was told on the way."""
    return f"Đã báo tiến độ lúc {moment(at)}: «{excerpt(text, 300)}»"


# ── asking the citizen ───────────────────────────────────────────────────────────────────────────


def write_question(*, code: str) -> str:
    """Ask what to ask the citizen."""
    return f"Anh/chị muốn hỏi người dân điều gì về {code}? Nhắn câu hỏi vào đây."


def question_draft(*, code: str, text: str) -> str:
    """Show the question that would be sent."""
    return f"Câu hỏi cho người gửi {code}:\n«{text}»\n\nBấm để gửi, hoặc nhắn thêm."


def question_sent(*, code: str) -> str:
    """Confirm that the citizen is asked and that the clock stands still."""
    return f"Đã gửi câu hỏi của {code}. Thời hạn tạm dừng đến khi người dân trả lời; có tin tôi báo ngay."


# ── approving ────────────────────────────────────────────────────────────────────────────────────


def answer_proposed(*, code: str, names: Collection[str], due_at: datetime | None) -> str:
    """Confirm that the chair has the draft; the deadline runs on."""
    who = ", ".join(names) or "lãnh đạo"
    due = f" Hạn trả lời vẫn là {moment(due_at)}." if due_at else ""
    return f"Đã trình {who} duyệt câu trả lời của {code}. Người dân chưa nhận gì.{due}"


def nobody_approves(*, code: str, unit: str) -> str:
    """Say that a draft waits and nobody can approve it now."""
    return (
        f"Bản trả lời của {code} đã được giữ, nhưng {unit} và cấp trên chưa có lãnh đạo nào nhận tin được ở "
        "đây để duyệt. Tôi đã báo người quản trị; xin anh/chị báo lãnh đạo vào nhận việc."
    )


def approver_wanted(*, code: str, unit: str) -> str:
    """Tell the operators that an answer waits and nobody can approve it."""
    return (
        f"{code}: câu trả lời của {unit} đang chờ duyệt nhưng không có lãnh đạo nào nhận tin được. "
        "Xin mời lãnh đạo của đơn vị vào hệ thống, hoặc bỏ bước duyệt của lĩnh vực này."
    )


def answer_to_approve(
    *,
    code: str,
    name: str,
    unit: str,
    report: str,
    text: str,
    photos: int,
    no_photo_reason: str,
    missing: Sequence[str],
    due_at: datetime | None,
    overdue: bool,
) -> str:
    """Show a chair the answer that an officer proposes, beside what was reported."""
    late = " – ĐÃ QUÁ HẠN" if overdue else ""
    lines = [
        f"📝 {code}: {name or 'chuyên viên'} ({unit}) trình duyệt câu trả lời",
        f"• Người dân phản ánh: «{excerpt(report, 300)}»",
    ]
    lines += [f"• Trả lời trước: {moment(due_at)}{late}"] if due_at else []
    lines += ["", f"«{text}»"]
    lines += [f"(Kèm {photos} ảnh)"] if photos else []
    lines += [no_photo(reason=no_photo_reason)] if no_photo_reason else []
    asked = ", ".join(_ASKED_FOR[each] for each in missing)
    lines += ["", f"💡 Bản này chưa nói rõ: {asked}."] if missing else []
    return "\n".join(lines)


def newer_draft() -> str:
    """Say above the newest draft that the pressed button belonged to an older one."""
    return "Bản anh/chị vừa bấm đã được thay bằng bản mới dưới đây, nên chưa có gì được gửi."


def no_draft_waits(*, code: str) -> str:
    """Answer a chair's button when no draft of the case waits any more."""
    return f"{code} không còn bản trả lời nào chờ duyệt. Chưa có gì thay đổi."


def approved_and_sent(*, code: str, on_time: bool) -> str:
    """Confirm to the chair that the answer went out."""
    held = "đúng hạn" if on_time else "sau hạn"
    return f"Đã duyệt và gửi câu trả lời của {code} ({held})."


def your_answer_approved(*, code: str, name: str, changed: bool) -> str:
    """Tell the officer that the answer went out, as drafted or as the chair changed it."""
    how = "đã sửa rồi gửi" if changed else "đã duyệt và gửi"
    return f"{name or 'Lãnh đạo'} {how} câu trả lời của {code} cho người dân."


def why_send_back(*, code: str) -> str:
    """Ask what is to be changed in a draft."""
    return f"Bản trả lời của {code} cần sửa gì? Anh/chị nhắn một câu, người soạn sẽ nhận được."


def sent_back(*, code: str) -> str:
    """Confirm that the officer has the draft again."""
    return f"Đã trả bản trả lời của {code} cho người soạn, kèm lời của anh/chị. Người dân chưa nhận gì."


def your_answer_sent_back(*, code: str, name: str, reason: str, due_at: datetime | None) -> str:
    """Tell the officer what the chair wants changed; the draft is kept."""
    due = f"\nHạn trả lời vẫn là {moment(due_at)}." if due_at else ""
    return (
        f"{code}: {name or 'lãnh đạo'} trả lại bản trả lời để sửa:\n«{reason}»{due}\n"
        "Bản nháp và ảnh còn giữ, bấm «Sửa bản nháp»."
    )


def approval_pending(*, name: str, at: datetime) -> str:
    """Say on a card that an answer waits for the chair."""
    return f"📝 Câu trả lời của {name or 'chuyên viên'} chờ lãnh đạo duyệt từ {moment(at)}"


def history_proposed(*, at: datetime, text: str) -> str:
    """Return a line of a card: what was proposed as the answer."""
    return f"Trình duyệt lúc {moment(at)}: «{excerpt(text, 200)}»"


def history_sent_back(*, at: datetime, reason: str) -> str:
    """Return a line of a card: what the chair wants changed."""
    return f"Lãnh đạo trả lại bản trả lời lúc {moment(at)}: «{excerpt(reason, 200)}»"


# ── button labels ────────────────────────────────────────────────────────────────────────────────


def label_send_answer() -> str:
    """Label: send the answer to the citizen."""
    return "Gửi câu trả lời"


def label_propose() -> str:
    """Label: bring the answer before the chair."""
    return "Trình lãnh đạo duyệt"


def label_no_photo() -> str:
    """Label: say why there is no picture."""
    return "Không có ảnh, nêu lý do"


def label_rewrite() -> str:
    """Label: throw the words away, keep the pictures."""
    return "Viết lại"


def label_as_progress() -> str:
    """Label: send what was written as progress, the case stays open."""
    return "Gửi như tin tiến độ"


def label_progress() -> str:
    """Label: tell the citizen how far the work is."""
    return "Báo tiến độ"


def label_send_progress() -> str:
    """Label: send the note on progress."""
    return "Gửi tin tiến độ"


def label_send_question() -> str:
    """Label: send the question to the citizen."""
    return "Gửi câu hỏi"


def label_approve() -> str:
    """Label: approve an answer, which sends it."""
    return "Duyệt và gửi"


def label_send_back() -> str:
    """Label: give a draft back to be changed."""
    return "Trả lại để sửa"


def label_show_draft() -> str:
    """Label: show the answer that waits for the chair."""
    return "Xem bản chờ duyệt"


def label_amend() -> str:
    """Label: change a draft oneself."""
    return "Tự sửa"


def label_redraft() -> str:
    """Label: go on with a draft that was given back."""
    return "Sửa bản nháp"
