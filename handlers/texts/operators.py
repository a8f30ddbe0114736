"""What administrators read, beside the faults that stand in `common`."""

from collections.abc import Sequence


def no_dispatcher(*, code: str, count: int) -> str:
    """Tell that cases wait for a dispatcher and that there is none."""
    return (
        f"Có {count} phản ánh chờ điều phối (mới nhất: {code}) nhưng chưa có cán bộ điều phối nào "
        "dùng được bot. Xin mời ít nhất một người bằng lệnh invite, vai trò dispatcher."
    )


def unit_without_anybody(*, code: str, unit: str) -> str:
    """Tell that a unit has nobody to receive a case, and nobody else could be told."""
    return (
        f"{code}: {unit} chưa có ai nhận việc trong bot, cũng không có cán bộ điều phối hay lãnh đạo cấp "
        "trên để báo. Xin mời người của đơn vị bằng lệnh invite."
    )


def reminder_set_aside(*, code: str) -> str:
    """Tell that a case could not be reminded of because of a fault of the program."""
    return (
        f"Lỗi khi nhắc hạn phản ánh {code}; việc này được gác lại và sẽ thử lại sau một ngày. "
        "Xin xem nhật ký chương trình."
    )


def reminders_set_aside(*, codes: Sequence[str]) -> str:
    """Tell that somebody could not be sent their reminders because of a fault of the program."""
    return (
        f"Lỗi khi gửi lời nhắc về {', '.join(codes)}; một cán bộ đã không nhận được. "
        "Xin xem nhật ký chương trình và báo cho đơn vị."
    )


def reminders_without_anybody(*, count: int) -> str:
    """Tell that overdue cases could not be brought before anybody."""
    return (
        f"Có {count} phản ánh đến mốc nhắc hạn mà không có ai để nhắc. "
        "Xin kiểm tra danh sách cán bộ của các đơn vị."
    )


def clock_failed(*, job: str, error: str) -> str:
    """Tell that what the program does by itself has failed. job and error are what the log calls them."""
    return (
        f"Việc tự động «{job}» của hệ thống bị lỗi ({error}) và dừng lại; hệ thống sẽ thử lại. "
        "Xin xem nhật ký máy chủ (clock_failed) và sửa; hôm nay không báo lại việc này."
    )


def address_unreachable(*, channel: str, address: str, unit: str) -> str:
    """Tell that an address of a unit takes nothing."""
    what = "tin SMS" if channel == "sms" else "thư điện tử"
    whose = f" của {unit}" if unit else ""
    return (
        f"Không gửi được {what} đến {address}{whose}: địa chỉ này không nhận. Xin kiểm tra và sửa lại "
        "bằng lệnh contacts; việc vừa gửi xin báo đơn vị bằng cách khác."
    )


def short_message_lost(*, outbox_id: int) -> str:
    """Tell that the gateway could not bring a short message to its number."""
    return (
        f"Tin SMS số {outbox_id} không đến được số máy nhận. Xin kiểm tra số điện thoại của đơn vị "
        "bằng lệnh contacts."
    )


def channel_ailing(*, channel: str, ailment: str, detail: str) -> str:
    """Tell what is wrong with a channel and what to do about it.

    channel, ailment and detail are what the log calls them; detail may be empty.
    """
    name = _CHANNELS.get(channel, channel)
    told = AILMENTS.get(ailment, f"có điều cần xem lại ({ailment}). Xin xem nhật ký chương trình")
    return f"{name}: {told}." + (f"\nChi tiết: {detail}" if detail else "")


_CHANNELS = {"zalo_oa": "Zalo OA", "zalo_bot": "Zalo Bot", "telegram": "Telegram", "web": "Trang web"}
_CONSENT = (
    "Xin chạy lệnh «python -m bot zalo consent» trên máy chủ và mở đường dẫn được in ra "
    "để quản trị viên OA cấp quyền lại"
)
AILMENTS = {
    "token_missing": f"chưa được cấp quyền nên bot chưa gửi được tin. {_CONSENT}",
    "token_broken": (
        f"Zalo không còn nhận mã làm mới, bot sắp hoặc đã không gửi được tin cho người dân. {_CONSENT}"
    ),
    "token_not_renewed": (
        "không làm mới được mã truy cập; khi mã hết hạn bot không gửi được tin. Xin kiểm tra máy chủ có ra "
        "được mạng đến oauth.zaloapp.com không; nếu vẫn lỗi, xin cấp quyền lại bằng lệnh "
        "«python -m bot zalo consent»"
    ),
    "token_old": (
        "mã làm mới đã hơn 60 ngày chưa được đổi và chỉ dùng được đến ngày ghi dưới đây. Xin kiểm tra nhật "
        "ký chương trình; nếu không tự làm mới được, xin cấp quyền lại bằng lệnh «python -m bot zalo consent»"
    ),
    "token_unreadable": (
        "không giải mã được mã truy cập đã lưu vì khóa dữ liệu không đúng. Xin đặt lại LANGNGHE_DATA_KEY "
        "(hoặc tệp .key cạnh cơ sở dữ liệu) như trước; nếu khóa đã mất, xin cấp quyền lại bằng lệnh "
        "«python -m bot zalo consent»"
    ),
    "webhook_behind": (
        "nhiều tin của người dân đang chờ bên nhà cung cấp mà chưa đến bot. Xin kiểm tra máy chủ và địa chỉ "
        "webhook"
    ),
    "webhook_failing": (
        "nhà cung cấp không gọi được webhook nên tin của người dân chưa đến bot. Xin kiểm tra tên miền, "
        "chứng thư TLS và máy chủ web phía trước"
    ),
    "webhook_stolen": (
        "webhook của bot đang trỏ đến nơi khác nên tin của người dân không đến đây. Xin kiểm tra xem mã bot "
        "có bị dùng ở máy khác không, rồi khởi động lại chương trình"
    ),
    "polling_behind": (
        "nhiều tin của người dân đang chờ bên nhà cung cấp mà chưa đến bot. Xin kiểm tra mạng của máy chủ"
    ),
    "polling_conflict": (
        "có chương trình khác đang nhận tin bằng cùng mã bot. Xin tắt chương trình đó, hoặc đổi mã bot nếu "
        "không biết nó ở đâu"
    ),
    "polling_silent": (
        "đã lâu không nhận được trả lời của nhà cung cấp khi hỏi tin mới. Xin kiểm tra mạng của máy chủ"
    ),
    "privacy_mode": (
        "bot trong nhóm chỉ nghe được tin nhắc tên mình. Xin cho bot làm quản trị viên của nhóm, hoặc tắt "
        "chế độ riêng tư rồi thêm bot vào nhóm lại"
    ),
    "plan_used_up": (
        "gói dịch vụ đã hoặc sắp hết lượt nên tin có thể không gửi được. Xin nâng gói, hoặc chờ đến kỳ sau"
    ),
    "asset_ends": (
        "gói của một nhóm chat sắp hết hạn; quá hạn nhóm bị khóa rồi giải tán. Xin gia hạn trong trang quản "
        "trị Zalo OA"
    ),
}
"""What each ailment of a channel means and what to do about it, without the last full stop."""


def consent_given(*, oa_id: str) -> str:
    """Say on a page that the account has consented and that nothing is left to do."""
    whose = f" {oa_id}" if oa_id else ""
    return (
        f"Đã kết nối Zalo OA{whose}. Bot tự làm mới mã truy cập từ nay; anh/chị có thể đóng trang này. "
        "Xem tình trạng bằng lệnh «python -m bot zalo status»."
    )


def consent_link_spent() -> str:
    """Say on a page that its link is wrong, too old or was used, and how to get another."""
    return (
        "Đường dẫn này không đúng, đã quá 10 phút hoặc đã được dùng. Xin chạy lại lệnh "
        "«python -m bot zalo consent» trên máy chủ và mở đường dẫn mới trong vòng 10 phút."
    )


def consent_not_given(*, error: str) -> str:
    """Say on a page that the vendor gave no permission. error is what the vendor says, or empty."""
    told = f" Zalo báo: {error}." if error else ""
    return (
        f"Chưa kết nối được Zalo OA: Zalo không cấp quyền.{told} Xin kiểm tra mã ứng dụng, khóa bí mật và "
        "địa chỉ callback trên trang nhà phát triển, rồi chạy lại lệnh «python -m bot zalo consent»."
    )


def consent_interrupted() -> str:
    """Say on a page that the vendor or the database did not answer in time."""
    return (
        "Chưa kết nối được Zalo OA vì Zalo hoặc cơ sở dữ liệu không trả lời. Mã truy cập đang dùng (nếu có) "
        "không thay đổi. Xin đợi vài phút rồi chạy lại lệnh «python -m bot zalo consent»."
    )
