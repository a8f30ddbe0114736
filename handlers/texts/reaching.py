"""Words about reaching people: what waited for them, what costs, their telephone number, and the channels."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.texts.common import moment, status_name

_WAYS = {
    "held": "sẽ thấy khi nhắn lại",
    "template": "đã gửi tin mẫu báo có tin mới; nội dung đầy đủ sẽ thấy khi nhắn lại",
    "sms": "đã gửi SMS báo có tin mới; nội dung đầy đủ sẽ thấy khi nhắn lại",
}
_CHANNELS = {"web": "Trang web", "sms": "SMS", "mail": "Thư điện tử"}
_INITIALS = 2
"""Words of so few letters in a channel's name are initials."""


def channel_name(channel: str) -> str:
    """Return what people call a channel."""
    words = (word.upper() if len(word) <= _INITIALS else word.title() for word in channel.split("_"))
    return _CHANNELS.get(channel) or " ".join(words)


def _number(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _money(amount: int) -> str:
    return f"{_number(amount)} đ"


# ── what waited for somebody ─────────────────────────────────────────────────────────────────────


def held_news(*, text: str, count: int, since: datetime) -> str:
    """Return the first of what waited for somebody who has written again."""
    what = "một tin" if count == 1 else f"{count} tin"
    return f"Từ {moment(since)} có {what} chờ anh/chị:\n\n{text}"


def held_earlier(*, at: datetime, text: str) -> str:
    """Return a message that was written before the one above it."""
    return f"Trước đó, lúc {moment(at)}:\n{text}"


def news_by_form(*, code: str, status: str) -> str:
    """Return the words that stand for a form of the vendor's, which has words of its own."""
    return f"Phản ánh {code} có tin mới: {status_name(status)}. Anh/chị nhắn lại để xem."


def news_by_sms(*, code: str, status: str) -> str:
    """Return a short message: there is news, and how to see it. It goes out without accents."""
    return (
        f"Phản ánh {code} có tin mới: {status_name(status)}. "
        "Mời anh/chị mở lại cuộc trò chuyện đã gửi phản ánh, nhắn một chữ bất kỳ để xem."
    )


def city_office() -> str:
    """Name who answers while no unit has the case."""
    return "Bộ phận tiếp nhận"


# ── what the unit hears ──────────────────────────────────────────────────────────────────────────


def reporter_waits(*, code: str, way: str) -> str:
    """Tell the unit that its words have not reached the reporter yet, and what is done."""
    return f"{code}: người dân chưa nhận được tin ({_WAYS[way]}). Đơn vị có số điện thoại thì xin gọi."


def reporter_reached(*, code: str) -> str:
    """Tell the unit that the reporter has got what was held."""
    return f"{code}: người dân đã nhận được tin chờ trước đây."


def not_reached_note(*, way: str) -> str:
    """Say on a card that the reporter has not got the last news."""
    return f"⚠ Người dân chưa nhận được tin ({_WAYS.get(way, 'không nhắn được, xin liên hệ cách khác')})."


def reached_note() -> str:
    """Say on a card that the reporter has got what was held."""
    return "Người dân đã nhận được tin chờ trước đây."


def not_reached_mark() -> str:
    """Mark a found case whose reporter has not got the last news."""
    return "người dân chưa nhận được tin"


# ── the operators ────────────────────────────────────────────────────────────────────────────────


def budget_used(*, share: int, budget: int) -> str:
    """Tell that most of the month's budget is spent, or all of it."""
    if share < 100:
        return (
            f"Đã dùng {share}% ngân sách tin nhắn tháng này ({_money(budget)}). "
            "Xem /thongke kenh; muốn tăng thì sửa LANGNGHE_MONTHLY_BUDGET."
        )
    return (
        f"Ngân sách tin nhắn tháng này ({_money(budget)}) đã hết. Tin phải trả tiền được giữ lại, người dân "
        "thấy khi nhắn lại. Xem /thongke kenh; muốn tăng thì sửa LANGNGHE_MONTHLY_BUDGET."
    )


# ── figures of the channels ──────────────────────────────────────────────────────────────────────


def channels_title(*, month: int, year: int) -> str:
    """Head the figures of the channels."""
    return f"Tin nhắn theo kênh, tháng {month}/{year}"


def channel_line(*, channel: str, counts: Mapping[str, int | None], cost: int) -> str:
    """Return what one channel took; what it does not tell is left out."""
    words: Sequence[tuple[str, str]] = (
        ("sent", "đã gửi"),
        ("arrived", "đã đến"),
        ("seen", "đã xem"),
        ("waiting", "đang chờ gửi"),
        ("held", "giữ đến khi người dân nhắn lại"),
        ("failed", "không gửi được"),
    )
    told = [
        f"{word} {_number(number)}"
        for name, word in words
        if (number := counts.get(name)) is not None and (number or name == "sent")
    ]
    price = f"; chi phí {_money(cost)}" if cost else ""
    return f"• {channel_name(channel)}: {', '.join(told)}{price}"


def channels_without_traffic() -> str:
    """Say that no channel took anything."""
    return "Tháng này chưa gửi tin nào."


def channels_budget(*, budget: int, spent: int) -> str:
    """Tell what is left of the month's budget."""
    if not budget:
        return "Chưa đặt ngân sách: không gửi tin nào phải trả tiền."
    return (
        f"Ngân sách tháng: {_money(budget)}, đã dùng {_money(spent)}, còn {_money(max(0, budget - spent))}."
    )


def channels_refused() -> str:
    """Tell somebody that figures of the channels are not theirs to see."""
    return "Số liệu kênh dành cho quản trị, lãnh đạo và cán bộ điều phối. Gõ /thongke để xem số liệu đơn vị."


def channels_not_understood(*, query: str) -> str:
    """Answer words behind the command that mean nothing."""
    return f"Tôi chưa hiểu «{query}». Gõ /thongke kenh để xem tin nhắn theo kênh trong tháng này."


# ── a telephone number ───────────────────────────────────────────────────────────────────────────


def offer_phone() -> str:
    """Offer to leave a telephone number, once."""
    return (
        "Kênh này chỉ cho tôi nhắn lại trong ít ngày. Anh/chị có thể để lại số điện thoại: đơn vị xử lý gọi "
        "khi cần, hệ thống nhắn SMS khi có kết quả. Gửi số là đồng ý như vậy; muốn xóa, gõ /boso."
    )


def label_leave_phone() -> str:
    """Label: leave a telephone number."""
    return "Để lại số điện thoại"


def ask_phone() -> str:
    """Ask for a number, saying what it is for."""
    return (
        "Anh/chị gõ số di động, ví dụ 0912 345 678. Gửi số là đồng ý cho đơn vị xử lý gọi và cho hệ thống "
        "nhắn SMS về phản ánh của anh/chị. Muốn xóa số, gõ /boso bất cứ lúc nào."
    )


def label_share_phone() -> str:
    """Label: share the number that the channel knows."""
    return "Gửi số điện thoại của tôi"


def label_no_phone() -> str:
    """Label: leave no number."""
    return "Thôi, không để số"


def phone_left_out() -> str:
    """Confirm that no number is kept."""
    return "Vâng, tôi không lưu số. Có tin mới, anh/chị sẽ thấy khi nhắn lại cho tôi."


def phone_not_read(*, given: str) -> str:
    """Answer what is no Vietnamese mobile number."""
    return f"«{given}» chưa phải số di động Việt Nam. Anh/chị gõ lại đủ 10 số, ví dụ 0912 345 678."


def phone_kept(*, phone: str) -> str:
    """Confirm a number; it can be taken back."""
    return (
        f"Tôi đã lưu số {phone} để đơn vị gọi và nhắn SMS khi cần. Muốn xóa, gõ /boso. "
        "Anh/chị nhắn tiếp, hoặc bấm gửi nếu đã xong."
    )


def phone_forgotten() -> str:
    """Confirm that the number was erased."""
    return "Tôi đã xóa số điện thoại của anh/chị. Có tin mới, anh/chị sẽ thấy khi nhắn lại cho tôi."


def no_phone_kept() -> str:
    """Answer that there is no number to erase."""
    return "Tôi không lưu số điện thoại nào của anh/chị. Không có gì để xóa."


def offer_address(*, ward: str) -> str:
    """Offer the ward of a shared address as the place of the open report."""
    return f"Việc anh/chị đang phản ánh có ở {ward} không?"


def label_use_address(*, ward: str) -> str:
    """Label: it is in this ward."""
    return f"Đúng, ở {ward}"
