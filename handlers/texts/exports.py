"""What is said about workbooks, and what stands in them."""


def export_not_made() -> str:
    """Under a message whose workbook could not be made."""
    return "Chưa lập được tệp Excel. Anh/chị vui lòng yêu cầu lại sau ít phút."
