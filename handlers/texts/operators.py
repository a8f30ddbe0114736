"""What administrators read, beside the faults that stand in `common`."""


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


def reminders_without_anybody(*, count: int) -> str:
    """Tell that overdue cases could not be brought before anybody."""
    return (
        f"Có {count} phản ánh đến mốc nhắc hạn mà không có ai để nhắc. "
        "Xin kiểm tra danh sách cán bộ của các đơn vị."
    )
