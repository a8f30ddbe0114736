"""What people read when they are slowed down, guess codes, or leave a device."""

from collections.abc import Sequence
from datetime import datetime

from handlers.texts.common import moment
from handlers.texts.reaching import channel_name


def slowed_down() -> str:
    """Tell once whoever writes very much that nothing is lost."""
    return (
        "Anh/chị gửi nhiều tin liền nhau. Tôi đã nhận đủ, không tin nào mất, và sẽ xem lần lượt. "
        "Việc nguy đến tính mạng xin gọi ngay 113, 114 hoặc 115."
    )


def address_too_fast(*, seconds: int) -> str:
    """Ask whoever opens a page to come back: too much comes from their network."""
    return (
        f"Có quá nhiều yêu cầu từ mạng của anh/chị. Xin mở lại trang sau {seconds} giây; "
        "tin đã viết trong trang vẫn được giữ và sẽ tự gửi."
    )


def codes_are_guessed(*, count: int) -> str:
    """Tell operators that many wrong codes are being typed."""
    return (
        f"Trong một giờ qua có {count} lần gõ sai mã mời hoặc mã liên kết. Từ giờ mỗi người chỉ còn được thử "
        "một lần mỗi giờ. Mã không đoán được, nhưng xin xem log (action=codes_guessed) và dặn cán bộ được "
        "mời sao chép mã thay vì gõ."
    )


def sign_out_offer(*, others: Sequence[str], has_post: bool) -> str:
    """Ask which sessions are to end; `others` are the person's other accounts, a line each."""
    lines = ["Anh/chị muốn thoát ở đâu?"]
    if others:
        lines += ["Ngoài nơi này, anh/chị còn dùng:", *others]
    lines.append(
        "Thoát ở nơi này thì từ đây không xem được các phản ánh đã gửi nữa; chúng vẫn được giải quyết."
    )
    if has_post and not others:
        lines.append(
            "Anh/chị đang giữ nhiệm vụ và chỉ dùng ở đây: thoát rồi thì phải nhờ người quản trị mời lại."
        )
    return "\n".join(lines)


def account_line(*, channel: str, last_at: datetime | None) -> str:
    """Return one account of a person: where it is, and when it was used last."""
    return f"• {channel_name(channel)}" + (f", dùng lần cuối {moment(last_at)}" if last_at else "")


def label_sign_out_here() -> str:
    """Label the button that ends this very session."""
    return "Thoát ở nơi này"


def label_sign_out_others() -> str:
    """Label the button that ends all others."""
    return "Thoát ở mọi nơi khác"


def label_stay_signed_in() -> str:
    """Label the button that leaves all as it is."""
    return "Không thoát"


def signed_out_here() -> str:
    """Confirm that this account is nobody's any more."""
    return "Đã thoát. Ai nhắn từ đây từ giờ là một người mới, không xem được gì của anh/chị."


def signed_out_others(*, count: int) -> str:
    """Confirm that the other accounts are nobody's any more."""
    if not count:
        return "Anh/chị không còn dùng ở nơi nào khác."
    return f"Đã thoát ở {count} nơi khác. Ai nhắn từ những nơi đó không xem được gì của anh/chị nữa."


def still_signed_in() -> str:
    """Confirm that nothing has changed."""
    return "Vâng, mọi thứ giữ nguyên."
