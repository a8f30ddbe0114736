"""What is said of what groups are made of, where a channel sells that (Zalo's GMF packages)."""

from datetime import datetime


def group_asset_ends(*, title: str, day: datetime) -> str:
    """Tell a leader that a group's package ends and does not renew itself."""
    return (
        f"Gói nhóm của «{title}» hết hạn vào cuối ngày {day:%d/%m/%Y} và chưa bật tự gia hạn. "
        "Sau ngày đó nhóm tạm dừng: không ai nhắn được cho đến khi gói được gia hạn. "
        "Tôi đã báo quản trị viên hệ thống."
    )


def group_asset_over(*, title: str, day: datetime) -> str:
    """Tell a leader that a group's package is over, and when the group is dissolved."""
    return (
        f"Gói nhóm của «{title}» đã hết hạn nên nhóm đang tạm dừng. Nếu không gia hạn, Zalo giải tán "
        f"nhóm sau ngày {day:%d/%m/%Y}. Hồ sơ và chỉ đạo vẫn còn nguyên. "
        "Tôi đã báo quản trị viên hệ thống."
    )


def group_asset_to_renew(*, title: str, asset: str, kind: str, day: datetime, over: bool) -> str:
    """Tell operators which package to renew, and by when."""
    what = f"Gói nhóm {kind.upper()} (mã {asset}) của nhóm «{title}»"
    if over:
        return (
            f"{what} đã hết hạn, nhóm đang tạm dừng. Xin gia hạn trong trang quản trị OA trước hết ngày "
            f"{day:%d/%m/%Y}; sau đó Zalo giải tán nhóm và không khôi phục được."
        )
    return (
        f"{what} hết hạn vào cuối ngày {day:%d/%m/%Y} và chưa bật tự gia hạn. Xin gia hạn hoặc bật "
        "tự gia hạn trong trang quản trị OA trước ngày đó để nhóm không bị dừng."
    )


def group_asset_lost(*, title: str, asset: str, kind: str) -> str:
    """Tell operators that a group cannot be written to any more, and what to look at."""
    return (
        f"Không gửi được vào nhóm «{title}» nữa. Xin xem gói nhóm {kind.upper()} (mã {asset}) trong "
        "trang quản trị OA: nếu gói hết hạn, xin gia hạn; nếu nhóm đã giải tán, lãnh đạo của nhóm có thể "
        "bấm «Lập lại nhóm»."
    )


def group_needs_asset(*, title: str) -> str:
    """Tell a leader that no package is left to make a group of."""
    return (
        f"Chưa lập được nhóm «{title}»: tài khoản Zalo OA không còn gói nhóm trống đủ chỗ. "
        "Xin đề nghị quản trị viên OA mua thêm gói nhóm, rồi gõ /lapnhom để lập lại."
    )


def group_needs_admin(*, title: str) -> str:
    """Tell a leader that somebody who administers the account must be among the members."""
    return (
        f"Chưa lập được nhóm «{title}»: Zalo đòi hỏi trong nhóm có ít nhất một quản trị viên của tài "
        "khoản OA. Xin đề nghị quản trị viên OA đặt anh/chị (hoặc một người sẽ ở trong nhóm) làm quản "
        "trị viên của OA, rồi gõ /lapnhom để lập lại."
    )


def group_needs_members(*, title: str) -> str:
    """Tell a leader that the members cannot be taken in yet."""
    return (
        f"Chưa lập được nhóm «{title}»: Zalo chỉ cho thêm người đã bấm quan tâm OA hoặc đã nhắn cho OA "
        "trong 7 ngày qua. Xin nhắc các thành viên mở OA, bấm quan tâm và nhắn một tin, rồi gõ /lapnhom "
        "để lập lại."
    )
