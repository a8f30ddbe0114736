"""What people read when two accounts become one person's, and when somebody answers by hand."""


def command_link() -> str:
    """Describe `/lienket` in a menu."""
    return "Dùng chung hồ sơ trên hai ứng dụng (Zalo, Telegram, trang web)"


def link_code(*, code: str) -> str:
    """Give a one-time code."""
    return (
        f"Mã liên kết: {code}\n"
        "Trong 10 phút, mở ứng dụng kia, nhắn cho tôi:\n"
        f"/lienket {code}\n"
        "Mã chỉ dùng một lần. Đừng đưa mã cho người khác."
    )


def link_confirm() -> str:
    """Ask whether this account belongs to whoever asked for the code."""
    return (
        "Anh/chị có vừa tự xin mã này ở ứng dụng kia không?\n"
        "Nếu đồng ý, hai tài khoản dùng chung một hồ sơ: mọi phản ánh gửi ở đây sẽ thấy được ở bên kia. "
        "Việc này không tách lại được.\n"
        "Nếu ai đó bảo anh/chị nhập mã, hãy chọn Không."
    )


def label_link() -> str:
    """Label the button that joins two accounts."""
    return "Đúng, cả hai là của tôi"


def label_no_link() -> str:
    """Label the button that leaves them apart."""
    return "Không"


def linked() -> str:
    """Say that two accounts are one person's now."""
    return (
        "Đã liên kết. Nhắn /cuatoi để xem mọi phản ánh của anh/chị. "
        "Tin mới được gửi vào ứng dụng anh/chị dùng gần nhất."
    )


def linked_elsewhere() -> str:
    """Say in the other chats that the code was used."""
    return (
        "Mã liên kết vừa được dùng: từ nay anh/chị thấy chung phản ánh của hai tài khoản. "
        "Nếu không phải anh/chị làm, hãy gọi bộ phận tiếp nhận của thành phố."
    )


def not_linked() -> str:
    """Say that nothing was joined."""
    return "Không liên kết. Hai tài khoản vẫn riêng như cũ."


def link_refused() -> str:
    """Refuse a code that is wrong, used or too old; all the same to whoever tries."""
    return "Mã không đúng hoặc đã hết hạn. Anh/chị nhắn /lienket ở ứng dụng kia để lấy mã mới."


def link_same_account() -> str:
    """Say that the code was asked for by the same person."""
    return "Mã này lấy từ chính tài khoản của anh/chị. Hãy nhập mã ở ứng dụng kia."


def link_from_post() -> str:
    """Refuse to join an official's account to another's."""
    return (
        "Tài khoản này đang giữ nhiệm vụ nên phải lấy mã ở đây: nhắn /lienket, rồi nhập mã đó ở ứng dụng kia."
    )


def link_too_often() -> str:
    """Refuse further tries for an hour."""
    return "Anh/chị đã thử quá nhiều lần. Mời thử lại sau một giờ."


def staff_answers() -> str:
    """Say that somebody of the city answers here by hand."""
    return (
        "Cán bộ đang trả lời trực tiếp anh/chị ở đây, tin vừa rồi đã được lưu. "
        "Muốn gửi phản ánh mới để có mã theo dõi, bấm nút dưới rồi gửi lại nội dung."
    )


def label_go_on() -> str:
    """Label the button by which the bot answers again."""
    return "Gửi phản ánh mới"


def bot_goes_on() -> str:
    """Say that the bot answers here again."""
    return "Tôi sẵn sàng. Anh/chị cần phản ánh việc gì, ở đâu?"


def erasure_asked(*, channel: str, person_id: int) -> str:
    """Tell the operators that somebody wants what is held about them erased."""
    return (
        f"Một người dân trên kênh {channel} đã rút đồng ý và yêu cầu xóa dữ liệu cá nhân (người số "
        f"{person_id}). Chương trình đã ngừng nhắn cho người này. Cần xử lý trong thời hạn luật định."
    )
