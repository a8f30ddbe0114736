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
