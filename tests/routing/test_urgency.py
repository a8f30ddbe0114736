"""Danger now or ahead calls for haste; words that only look like danger do not."""

import json
from pathlib import Path

import pytest

import routing.urgency
from routing.urgency import urgency_reason
from routing.vietnamese import strip_accents, words

DANGERS = [
    ("Hố ga mất nắp ngay cổng trường, tối không đèn", "hố"),
    ("Tấm đan bị gãy, hôm qua có em bé lọt chân", "hố"),
    ("Họ đào cái hố móng không rào, không biển cảnh báo", "hố"),
    ("Cây xà cừ nghiêng hẳn ra đường sau trận bão", "đổ"),
    ("Cây phượng trong sân trường mục rỗng gốc", "cây"),
    ("Trụ điện trước nhà bị xe tông nghiêng, chưa ai chống", "trụ"),
    ("Cột đèn mục chân, gió là đung đưa", "trụ"),
    ("Dây điện đứt nằm giữa đường hẻm 12", "điện"),
    ("Tủ điện bung nắp, nắp cửa trụ bị mất, dây đồng trơ ra", "điện"),
    ("Đứng gần trụ sắt thấy tê rần, nghi rò điện", "điện"),
    ("Bờ sông sạt lở ăn vào sát móng nhà tôi", "sạt"),
    ("Đoạn kè sau nhà hở hàm ếch sâu hoắm", "sạt"),
    ("Mặt đê nứt dài, nước tràn qua đê", "sạt"),
    ("Cầu qua kênh bị gãy lan can, mặt cầu thủng", "lan can"),
    ("Cả hẻm ngửi mùi gas từ tiệm bên cạnh", "gas"),
    ("Trạm biến áp xẹt lửa mỗi khi mưa", "cháy"),
    ("Trần lớp học rơi từng mảng, cô trò rất sợ", "đổ"),
    ("Sợi cáp rớt quấn ngang cổ người đi xe máy", "dây"),
    ("Hàng xóm cầm dao rượt vợ trong hẻm", "đánh"),
    ("Cả thôn bị cô lập hoàn toàn, hết gạo", "cô lập"),
    ("Chỗ giao cắt này rất nguy hiểm đến tính mạng", "tính mạng"),
]

# Without accents these read like dangers: nổ đùng, tự tử, bạo hành, giật điện, đang cháy, phát nổ, cây đè.
HARMLESS = [
    "Nó đúng là không chịu dọn rác",
    "Hồ sơ cứ từ từ rồi giải quyết",
    "Công trình hết thời hạn bảo hành rồi",
    "Em bị giật điện thoại ở ngã tư",
    "Xe buýt đang chạy thì dừng giữa đường",
    "Đề nghị phạt nó thật nặng",
    "Dân tự trồng cây để lấy bóng mát",
    "Ngập có thể do cống nghẹt",
    "Nhà tôi sát lộ, xe tải chạy bụi lắm",
    "Quán họ lấn gây kẹt xe",
    "Cột điện gây cản trở lối vào nhà, xin dời",
    "Huyện Phong Điền, khu này chưa có nước máy",
    "Em cần tư vấn thủ tục làm sổ",
    "Loa phường mở lớn quá vào sáng sớm",
    "Nước thải chảy ra cống rồi xuống sông",
    "Hồ sơ của tôi nộp ba tháng chưa ai trả lời",
    "Xưởng bên cạnh đang chạy máy cả đêm",
]


@pytest.mark.parametrize(("text", "reason"), DANGERS)
def test_danger_calls_for_haste_and_says_why(text: str, reason: str) -> None:
    found = urgency_reason(words(text))

    assert found is not None
    assert found.startswith("Khẩn: ")
    assert reason in found


@pytest.mark.parametrize("text", [text for text, _ in DANGERS])
def test_danger_is_seen_without_accents(text: str) -> None:
    assert urgency_reason(words(strip_accents(text.lower()))) is not None


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_danger_does_not(text: str) -> None:
    assert urgency_reason(words(text)) is None


def test_no_phrase_is_listed_twice_or_too_long_to_be_found() -> None:
    file = Path(routing.urgency.__file__).parent / "data" / "urgency.json"
    phrases = [
        phrase for entry in json.loads(file.read_text(encoding="utf-8")) for phrase in entry["phrases"]
    ]

    assert len(phrases) == len(set(phrases))
    assert all(urgency_reason(words(phrase)) for phrase in phrases)
