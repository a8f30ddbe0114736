"""What people read when a case is opened again, or cannot be any more."""


def judged_too_late(*, code: str, days: int) -> str:
    """Refuse a rating or a reopening when its time is over."""
    return (
        f"{code} đã có kết quả quá {days} ngày nên không đánh giá hay mở lại được nữa. Nếu việc vẫn còn, "
        "anh/chị nhắn lại như một phản ánh mới, tôi chuyển ngay."
    )


def reopened_often_enough(*, code: str, times: int) -> str:
    """Refuse another reopening: the level above has answered already."""
    return (
        f"{code} đã được mở lại {times} lần và cấp trên đã trả lời. Nếu việc vẫn còn, anh/chị nhắn lại "
        "như một phản ánh mới, nói rõ điều gì chưa được."
    )


def rated_low_for_good(*, code: str, stars: int, times: int) -> str:
    """Keep a low rating of a case that was reopened as often as it may be."""
    return (
        f"Tôi đã ghi lại {stars} sao của anh/chị. {code} đã được mở lại {times} lần nên không mở lại được "
        "nữa. Nếu việc vẫn còn, anh/chị nhắn lại như một phản ánh mới, nói rõ điều gì chưa được."
    )


def reopened_again_note(*, unit: str, stars: int) -> str:
    """Say on the card of the level above why it has the case now."""
    rated = f" (chấm {stars} sao)" if stars else ""
    return (
        f"Người dân mở lại lần nữa{rated}: {unit or 'đơn vị'} chưa giải quyết xong, nên chuyển lên cấp trên"
    )


def reopened_again_reason(*, unit: str) -> str:
    """Say to dispatchers why a case waits for them that nobody above can take."""
    return f"Người dân mở lại lần nữa, chưa đồng ý với kết quả của {unit or 'đơn vị'}"


def taken_higher(*, code: str, unit: str) -> str:
    """Tell the unit that answered that its case is with the level above now."""
    where = unit or "bộ phận điều phối"
    return (
        f"{code}: người dân chưa đồng ý lần nữa, việc đã chuyển lên {where}. Anh/chị không phải làm gì thêm."
    )


def reopened_higher(*, code: str, unit: str) -> str:
    """Confirm to the citizen that the level above has the case now, and ask what is missing."""
    who = unit or "Bộ phận điều phối"
    return (
        f"Tôi xin lỗi vì việc chưa xong. {code} đã được chuyển lên cấp trên: {who} sẽ xem lại.\n"
        "Còn điều gì chưa được, anh/chị nhắn ngay dưới đây, kèm ảnh nếu có."
    )
