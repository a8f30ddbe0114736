"""What is said about and in group chats of officials."""


def group_hint() -> str:
    """Tell a group what it can say to the bot."""
    return (
        "Anh/chị có thể hỏi số liệu (ví dụ: tuần này phường nào trễ nhiều nhất?), "
        "hoặc trả lời vào một hồ sơ để giao việc."
    )
