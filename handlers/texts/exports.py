"""What is said about workbooks, and what stands in them."""

_FIGURES = {
    "received": "Nhận",
    "answered": "Đã trả lời",
    "on_time": "Đúng hạn",
    "late_with_extension": "Trễ, có gia hạn",
    "late": "Trễ hạn",
    "open": "Đang mở",
    "at_risk": "Sắp đến hạn",
    "overdue": "Quá hạn",
    "reopened": "Mở lại",
    "satisfaction": "Hài lòng",
    "median_hours": "Giờ làm việc (trung vị)",
    "people": "Số người",
}
_CASE = {
    "code": "Mã hồ sơ",
    "status": "Trạng thái",
    "kind": "Loại",
    "domain": "Lĩnh vực",
    "unit": "Đơn vị",
    "ward": "Phường, xã",
    "street": "Địa chỉ",
    "received_at": "Nhận lúc",
    "due_at": "Hạn",
    "answered_at": "Trả lời lúc",
    "result": "So với hạn",
    "handled_hours": "Giờ làm việc",
    "rating": "Người dân chấm",
    "people_count": "Số người",
}
_RESULTS = {
    "": "",
    "on_time": "Đúng hạn",
    "late": "Trễ hạn",
    "late_with_extension": "Trễ, có gia hạn",
    "overdue": "Quá hạn",
    "at_risk": "Sắp đến hạn",
    "on_track": "Còn trong hạn",
}


def export_not_made() -> str:
    """Under a message whose workbook could not be made."""
    return "Chưa lập được tệp Excel. Anh/chị vui lòng yêu cầu lại sau ít phút."


def export_ready(*, about: str) -> str:
    """Say what the workbook under this message holds."""
    return f"Tệp Excel: {about}. Gồm bảng số liệu và danh sách hồ sơ. Xin giữ kín, chỉ dùng trong công việc."


def export_only_in_private() -> str:
    """Say that a list of cases is sent to one person only."""
    return "Tệp Excel có danh sách hồ sơ nên tôi chỉ gửi riêng. Anh/chị nhắn riêng cho tôi: /xuat"


def export_sent_alone() -> str:
    """Say in a group that the workbook went to the asker alone."""
    return "Tệp Excel có danh sách hồ sơ nên tôi đã gửi riêng cho anh/chị."


def export_figure(*, name: str) -> str:
    """Head a column of figures."""
    return _FIGURES[name]


def export_case(*, name: str) -> str:
    """Head a column of the list of cases."""
    return _CASE[name]


def export_result(*, result: str) -> str:
    """Say how a case stands against its deadline."""
    return _RESULTS[result]


def export_line_heading() -> str:
    """Head the column that says what a line is about."""
    return "Dòng"


def export_at_most(*, count: int) -> str:
    """Say that the list of cases was cut."""
    return f"danh sách chỉ gồm {count:,} hồ sơ đầu".replace(",", ".")


def export_total() -> str:
    """Name the line of everything together."""
    return "Tổng"


def export_figures_sheet() -> str:
    """Name the sheet of figures."""
    return "Số liệu"


def export_cases_sheet() -> str:
    """Name the sheet of cases."""
    return "Hồ sơ"


def label_export() -> str:
    """Label: a workbook of this answer."""
    return "Xuất Excel"


def command_export() -> str:
    """Describe /xuat."""
    return "xuất số liệu và hồ sơ ra Excel"
