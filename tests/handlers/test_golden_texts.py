"""Every sentence that people read, rendered in one file that a Vietnamese reader can review.

A text that changes makes this fail; `python -m tests.handlers.test_golden_texts` writes the file again.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import handlers.texts
from handlers.texts import (
    answering,
    casework,
    charts,
    citizen,
    common,
    digest,
    directives,
    duplicates,
    explaining,
    exports,
    figures,
    group_assets,
    groups,
    learning,
    linking,
    looking_ahead,
    officials,
    operators,
    people,
    privacy,
    questions,
    reaching,
    reminding,
    reopening,
    reorganising,
    rules,
    safety,
    searching,
    splitting,
    supporting,
    templates,
)
from routing.deadline import LOCAL_TIME

GOLDEN = Path(__file__).parent / "golden_texts.txt"
MODULES = (
    common,
    citizen,
    answering,
    casework,
    charts,
    duplicates,
    explaining,
    figures,
    learning,
    linking,
    officials,
    operators,
    people,
    reminding,
    reopening,
    reorganising,
    rules,
    safety,
    searching,
    splitting,
    supporting,
    templates,
    digest,
    directives,
    exports,
    group_assets,
    groups,
    looking_ahead,
    questions,
    privacy,
    reaching,
)
FIELD = re.compile(r"\{[^{}]+\}")
"""A field of a template, as its writer types it."""
LATER = datetime(2026, 11, 25, 17, 0, tzinfo=LOCAL_TIME)
EARLIER = datetime(2026, 11, 23, 9, 5, tzinfo=LOCAL_TIME)

# What a parameter of this name is given: the first for every rendering, each other one once besides.
SAMPLES: dict[str, list[Any]] = {
    "accept_due_at": [EARLIER, None],
    "answer": ["Đã dọn sạch lúc 8 giờ sáng nay.", ""],
    "asset": ["5501234"],
    "at": [EARLIER],
    "now": [EARLIER, datetime(2025, 12, 31, 9, 0, tzinfo=LOCAL_TIME)],
    "back_to": ["", "Phường Khương Đình"],
    "by": ["unit", "domain"],
    "card": ["(phiếu việc)"],
    "channel": ["telegram"],
    "city": ["Hà Nội"],
    "code": ["HN-7F3K-9Q2M"],
    "command": ["/viec"],
    "consent": ["(thông báo về dữ liệu cá nhân)"],
    "description": ["Việc đang mở của đơn vị"],
    "domain": ["Rác thải, vệ sinh môi trường"],
    "due": ["hạn 17:00 thứ Tư 25/11"],
    "due_at": [LATER, None],
    "first": [1],
    "former": [None, "Phường Hạ Đình"],
    "hours": [4],
    "key": ["unclear", "outside"],
    "kind": ["feedback", "question", "emergency"],
    "last": [LATER],
    "limit": [20],
    "lines": [["(dòng thứ nhất)", "(dòng thứ hai)"]],
    "master": ["HN-3M8T-4W6R"],
    "more": [0, 2],
    "over": [False, True],
    "name": ["Chuyên viên phường Khương Đình", ""],
    "names": [["Rác thải", "Tiếng ồn"], ["Rác thải"]],
    "nearest": ["/tracuu", ""],
    "note": ["", "Người dân mở lại"],
    "official": [False, True],
    "photos": [2, 0],
    "place": ["Vũ Tông Phan, Phường Khương Đình", ""],
    "purpose": ["return", "extend"],
    "query": ["khuong dinh"],
    "question": ["Rác để trước số nhà nào ạ?"],
    "rating": [4.3, None],
    "reason": ["Không thuộc địa bàn của đơn vị"],
    "received_at": [EARLIER],
    "reporter": ["An · 0900000001", ""],
    "role": ["chair", "officer", "leader", "dispatcher", "admin"],
    "roles": [frozenset({"chair"})],
    "stars": [5, 2, 0],
    "standing": ["on_track", "at_risk", "overdue"],
    "status": ["in_progress", "waiting_for_citizen", "triage", "answered", "closed"],
    "landmark": [None, "gần chợ Hôm"],
    "street": ["số 12 ngõ 45 phố Vũ Tông Phan", None],
    "text": ["Rác chất đống trước ngõ 12 Vũ Tông Phan cả tuần nay."],
    "unit": ["Phường Khương Đình"],
    "ward": ["Phường Khương Đình", None],
    "what": ["sticker", "voice", "video", "file", "large_photo", "photo_lost", "other"],
    "which": ["accept", "warn", "due"],
    "why": ["Máy chưa chắc lĩnh vực"],
}
# Where a name alone does not tell what a text is given.
SPECIAL: dict[str, dict[str, list[Any]]] = {
    "channel_ailing": {
        "channel": ["zalo_oa"],
        "ailment": [*operators.AILMENTS, "other"],
        "detail": ["2026-11-23 02:00 UTC: -14014 Refresh token is invalid", ""],
    },
    "channel_name": {"channel": ["zalo_oa", "web"]},
    "held_news": {"count": [1, 3], "since": [EARLIER]},
    "reporter_waits": {"way": ["held", "template", "sms"]},
    "not_reached_note": {"way": ["held", "template", "sms", ""]},
    "budget_used": {"share": [80, 100], "budget": [2000000]},
    "channels_title": {"month": [11], "year": [2026]},
    "channel_line": {
        "channel": ["zalo_oa"],
        "counts": [
            {"sent": 1250, "arrived": 1200, "seen": 900, "waiting": 3, "held": 12, "failed": 1},
            {"sent": 0, "arrived": None, "seen": None, "waiting": 0, "held": 0, "failed": 0},
        ],
        "cost": [90000, 0],
    },
    "channels_budget": {"budget": [2000000, 0], "spent": [90000]},
    "phone_not_read": {"given": ["0912"]},
    "phone_kept": {"phone": ["0912 345 678"]},
    "offer_address": {"ward": ["Phường Khương Đình"]},
    "label_use_address": {"ward": ["Phường Khương Đình"]},
    "figure_value": {"metric": ["late", "on_time_rate", "median_hours"], "value": [0.725, 1250, None]},
    "figure_heading": {"metric": ["late", "on_time_rate", "median_hours"]},
    "figure_sentence": {
        "metric": ["received", "on_time_rate", "satisfaction", "median_hours"],
        "value": [0.5, None],
        "of": [40],
    },
    "figure_extreme": {
        "metric": ["late", "median_hours"],
        "value": [12],
        "highest": [True, False],
        "names": [["Phường Láng"], ["A", "B", "C", "D"]],
    },
    "figure_line": {"metric": ["late"], "value": [12], "previous": [9], "compared": [False, True]},
    "figure_course_line": {"metric": ["received"], "value": [12], "label": ["Tuần 23/11"]},
    "figure_change": {
        "metric": ["received", "on_time_rate", "median_hours"],
        "value": [0.75],
        "previous": [0.5, 0.75, None],
        "first": [EARLIER.date()],
        "last": [LATER.date()],
    },
    "chance_in_words": {"colour": ["red", "orange", "green", "grey"], "chance": [0.9, 0.6]},
    "at_risk_summary": {
        "counts": [{"red": 3, "orange": 9, "green": 40, "grey": 2}],
        "shown": [8],
        "first": [1],
    },
    "at_risk_line": {
        "number": [1],
        "unit": ["", "Phường Khương Đình"],
        "due_at": [LATER],
        "colour": ["red", "orange"],
        "chance": [0.9, 0.6],
    },
    "nothing_at_risk": {
        "counts": [
            {"red": 0, "orange": 0, "green": 4, "grey": 2},
            {"red": 0, "orange": 0, "green": 0, "grey": 2},
            {"red": 0, "orange": 0, "green": 0, "grey": 0},
        ]
    },
    "at_risk_chart_title": {"count": [3]},
    "rise_noticed": {
        "ward": ["Phường Khương Đình"],
        "people": [9],
        "days": [1, 3],
        "usual": [0.2, 1.25, 14.0],
        "codes": [["HN-7F3K-9Q2M", "HN-3M8T-4W6R"], []],
    },
    "rise_chart_title": {"ward": ["Phường Khương Đình"]},
    "rise_cases": {
        "ward": ["Phường Khương Đình"],
        "first": [EARLIER.date(), LATER.date()],
        "last": [LATER.date()],
        "count": [2],
    },
    "rise_case_line": {"number": [1], "status": ["đang làm"]},
    "rise_without_cases": {"ward": ["Phường Khương Đình"]},
    "group_bound": {
        "purpose": ["chairs", "cluster", "unit", "case"],
        "title": ["Chủ tịch phường, xã – cụm 1"],
        "above": ["UBND thành phố Hà Nội"],
        "units": [["Phường Khương Đình", "Phường Bồ Đề"]],
    },
    "group_card": {"people": [1, 9], "answer": ["", "Đã dọn sạch."], "overdue": [False, True]},
    "group_case_news": {"answer": ["", "Đã dọn sạch."], "status": ["answered", "closed"]},
    "group_case_not_shown": {"waiting": [False, True]},
    "group_cluster_line": {"number": [1], "first": ["Phường Ba Đình"], "last": ["Phường Láng"]},
    "group_found": {"title": ["Cụm 1"], "count": [3, 0]},
    "group_outside": {"who": ["Phường Bồ Đề"], "state": ["wanted", "invited", "left"]},
    "group_proposed": {
        "title": ["Cụm 1"],
        "members": [["Phường Khương Đình", "Phường Láng"], []],
        "absent": [["Phường Bồ Đề"], []],
    },
    "group_ready": {
        "title": ["Cụm 1"],
        "members": [3],
        "invited": [2, 0],
        "absent": [["Phường Bồ Đề"], []],
    },
    "group_rights_missing": {
        "title": ["Cụm 1"],
        "rights": [["read", "invite", "remove", "topics"]],
        "ready": [False, True],
    },
    "group_scope_changed": {"title": ["Cụm 1"], "units": [["Phường Khương Đình"]]},
    "group_state": {
        "title": ["Cụm 1"],
        "status": ["active", "lost", "linked", "asked"],
        "joined": [3],
        "outside": [["Phường Bồ Đề: đã mời, chưa vào"], []],
        "rights": [["invite"], []],
    },
    "group_title_named": {"names": [["Phường Láng", "Phường Bồ Đề"], ["Xã A", "Xã B", "Xã C"]]},
    "group_invited_again": {"title": ["Cụm 1"], "count": [3, 0]},
    "group_units_unknown": {"names": [["Phường Không Có"]], "found": [["Phường Láng"], []]},
    "group_which_cluster": {
        "too_many": [126, 0],
        "largest": [30],
        "lines": [["• Cụm 1: Phường Ba Đình … Phường Láng"], []],
    },
    "group_too_many": {"count": [40], "largest": [30]},
    "label_group_cluster": {"number": [1], "count": [26]},
    "official_of": {"name": ["Chủ tịch phường Khương Đình"]},
    "figures_refused_for": {"units": [["Phường Khương Đình"], []]},
    "figures_about": {
        "names": [["Phường Khương Đình"]],
        "domains": [["Rác thải"], []],
        "period": ["23/11 – 29/11/2026"],
    },
    "why_nothing_changed": {"name": ["Sở Xây dựng"]},
    "why_domain": {"name": ["Đường sá"]},
    "why_slower": {"hours": [12.5], "hours_before": [8.0]},
    "hot_heading": {"period": ["23/11 – 29/11/2026"]},
    "hot_line": {"name": ["Ngập úng"], "received": [40], "before": [12, 50]},
    "behind_heading": {"metric": ["late"], "names": ["Phường Khương Đình"]},
    "week_label": {"first": [EARLIER.date()]},
    "month_label": {"first": [EARLIER.date()]},
    "day_label": {"day": [EARLIER.date()]},
    "percent": {"share": [0.5, 0.725]},
    "digest_heading": {"weekly": [False, True], "names": [["Thành phố Hà Nội"]], "period": ["23/11/2026"]},
    "digest_worst": {"name": ["Phường Khương Đình"]},
    "digest_setting": {"parts": [["phản ánh mới", "biểu đồ"], []], "clock": ["07:30"], "next_at": [LATER]},
    "export_figure": {"name": ["received", "median_hours"]},
    "export_case": {"name": ["code", "due_at"]},
    "export_result": {"result": ["late", "on_time"]},
    "why_change": {"name": ["Rác thải"], "now": ["12"], "before": ["5"]},
    "example_question": {"key": ["y kien nao dang nong"]},
    "reorganised_merged": {
        "day": [LATER.date()],
        "names": [["Phường Hạ Đình", "Phường Kim Giang"], ["Phường Hạ Đình"]],
        "cases": [12, 0],
    },
    "reorganised_split": {
        "day": [LATER.date()],
        "name": ["Quận Thanh Xuân"],
        "names": [["Phường Khương Đình", "Phường Phương Liệt"]],
        "cases": [12, 0],
    },
    "reorganised_part": {"day": [LATER.date()], "name": ["Phường Phương Liệt"], "cases": [12, 0]},
    "reorganised_renamed": {"day": [LATER.date()], "was": ["Phường Hạ Đình"]},
    "reorganised_moved": {"day": [LATER.date()], "parent": ["Quận Thanh Xuân"]},
    "reorganised_unsure": {"cases": [3]},
    "reorganise_failed": {
        "day": [LATER.date()],
        "problems": [["changes row 1: rename: unit 'phuong-a' does not exist"]],
    },
    "answer_draft": {
        "no_photo_reason": ["", "Trời tối"],
        "notes": [[], ["(lời nhắc)"]],
        "button": ["Gửi câu trả lời", ""],
    },
    "answer_lacks": {"missing": [["when", "who"], ["what"]]},
    "answer_to_approve": {"missing": [["when", "who"], []], "no_photo_reason": ["", "Trời tối"]},
    "answer_proposed": {"names": [["Chủ tịch phường Khương Đình"], []]},
    "case_answered": {"no_photo_reason": ["", "Trời tối"]},
    "gap_left": {"gap": ["Ngày 25/11/2026, … đã dọn sạch"]},
    "label_add_template": {"unit": ["", "Phường Khương Đình"]},
    "template_line": {"name": ["Đã dọn rác"], "unit": ["", "Phường Khương Đình"], "used": [0, 3]},
    "template_list": {"lines": [["(dòng thứ nhất)", "(dòng thứ hai)"], []]},
    "template_shown": {
        "name": ["Đã dọn rác"],
        "text": ["Tại {nơi}: ngày …, … đã dọn rác."],
        "sample": ["Ngày …, … đã dọn rác."],
    },
    "unknown_fields": {"names": [["{tên}", "{số}"]]},
    "corrected_by_official": {"what": ["Lĩnh vực"], "was": ["Khác", ""], "now": ["Tiếng ồn"]},
    "chosen_by_reporter": {"what": ["Lĩnh vực"], "now": ["Tiếng ồn"]},
    "choose_officer": {"name": ["Chuyên viên môi trường", ""]},
    "confirm_hand_over": {"before": ["", "(cảnh báo đi vòng)"]},
    "extension_request": {"count": ["2 ngày làm việc"]},
    "extension_pending": {"count": ["2 ngày làm việc"], "unit": ["UBND thành phố Hà Nội"]},
    "extension_used_up": {"limit": [1, 0]},
    "case_refused": {"instead": ["(có thể làm gì tiếp)"]},
    "refusal_words": {"more": ["(câu viết thêm)", ""]},
    "decision_line": {"count": ["2 ngày làm việc"]},
    "work_summary": {
        "units": ["Phường Khương Đình"],
        "today": [2, 0],
        "overdue": [1, 0],
        "decisions": [0, 2],
    },
    "work_page": {"heading": ["(tình hình chung)"], "count": [7, 2]},
    "list_heading": {
        "name": ["overdue", "at_risk", "unaccepted", "decisions", "mine"],
        "units": ["Phường Khương Đình"],
    },
    "list_empty": {"name": ["overdue"], "units": ["Phường Khương Đình"]},
    "figures_title": {"domain": ["", "Rác thải, vệ sinh môi trường"], "period": ["tuần này"]},
    "figures_outside": {"own": ["Phường Khương Đình"], "unit": ["Sở Xây dựng"]},
    "figures_summary": {"median_hours": [6.5, None], "p90_hours": [21.0], "rating_count": [9]},
    "figures_line": {"name": ["Phường Khương Đình"]},
    "former_unit": {"name": ["Phường Hạ Đình"]},
    "figures_seal": {"day": [LATER.date()], "root": ["1a2b 3c4d 5e6f 7a8b"]},
    "label_list": {"name": ["overdue", "at_risk", "unaccepted", "decisions", "mine"]},
    "explanation": {"parts": [["(máy đọc)", "(đơn vị)", "(hạn)"]]},
    "limit_of_rule": {"key": ["domain", "area", "kind"], "value": ["Tiếng ồn"]},
    "doubt_rule": {"position": [40]},
    "broken_rule": {
        "position": [40],
        "fault": ["unknown_unit", "unknown_domain", "ended_unit", "unknown_area"],
    },
    "hole_in_rules": {
        "domain": ["Rác thải"],
        "wards": [["Phường Khương Đình", "Phường Láng", "Phường Hà Đông", "Phường Ba Đình"]],
        "position": [None, 40],
    },
    "staff": {"lines": [["(thứ nhất)", "(thứ hai)"], []]},
    "confirm_leaving": {"name": ["", "Chuyên viên"], "cases": [3, 0], "deputies": [0, 1]},
    "post_left": {"cases": [3, 0], "name": ["", "Chuyên viên"]},
    "post_taken_away": {"holder": ["Chuyên viên"], "cases": [3, 0], "name": ["", "Chuyên viên khác"]},
    "unit_left_empty": {"cases": [3, 0]},
    "deputy_line": {"name": ["Chuyên viên phường Khương Đình"]},
    "end_deputy_choice": {"name": ["Chuyên viên phường Khương Đình"]},
    "staff_line": {"name": ["Chuyên viên phường Khương Đình"]},
    "end_post_choice": {"name": ["Chuyên viên phường Khương Đình"]},
    "hand_work_choice": {"name": ["Chuyên viên phường Khương Đình"]},
    "deputy_named": {"name": ["Chuyên viên phường Khương Đình"]},
    "you_are_deputy": {"name": ["Chủ tịch phường Khương Đình"]},
    "already_chair": {"name": ["Chuyên viên phường Khương Đình"]},
    "due_with": {"name": ["Chuyên viên phường Khương Đình"]},
    "perhaps_same": {"status": ["đang làm"]},
    "found_line": {"status": ["đang làm"]},
    "template_name_taken": {"name": ["Đã dọn rác"]},
    "ask_new_name": {"name": ["Đã dọn rác"]},
    "ask_template_domain": {"name": ["Đã dọn rác"]},
    "ask_template_text": {"name": ["Đã dọn rác"]},
    "template_saved": {"name": ["Đã dọn rác"]},
    "template_deleted": {"name": ["Đã dọn rác"]},
    "confirm_delete_template": {"name": ["Đã dọn rác"]},
    "label_template": {"name": ["Đã dọn rác"]},
    "template_too_long": {"limit": [2_000]},
    "template_name_too_long": {"limit": [40]},
    "reopened_again_note": {"stars": [2, 0]},
    "rated_low_for_good": {"stars": [2], "times": [2]},
    "reopened_often_enough": {"times": [2]},
    "judged_too_late": {"days": [14]},
    "deputy_until_when": {"name": ["Chuyên viên", ""]},
    "confirm_deputy": {"name": ["Chuyên viên", ""]},
    "unit_by_person": {"reason": ["cán bộ điều phối chọn"]},
    "unit_by_rule": {
        "position": [40],
        "limits": [["lĩnh vực Tiếng ồn", "ngõ, hẻm"], []],
        "supporting": [[], ["Công an phường Khương Đình"]],
    },
    "unit_would_be": {
        "position": [40],
        "limits": [["lĩnh vực Tiếng ồn", "ngõ, hẻm"], []],
        "supporting": [[], ["Công an phường Khương Đình"]],
    },
    "no_unit_without_place": {"position": [40], "limits": [["lĩnh vực Tiếng ồn"]]},
    "no_unit_by_rule": {"position": [40], "limits": [["lĩnh vực Tiếng ồn"]]},
    "no_unit_elsewhere": {"place": ["Phường Hải Châu (Đà Nẵng)"]},
    "due_would_be": {"due_at": [LATER], "allowed": [24.0]},
    "named_by_city": {"was": ["Tiếng ồn"], "now": ["Ồn ào"]},
    "allowed_hours": {"hours": [24.0]},
    "allowed_by_law": {"days": [30], "article": ["Điều 28 Luật Khiếu nại"]},
    "paused_for": {"hours": [2.5]},
    "extended_by": {"hours": [16.0], "unit": ["Sở Xây dựng", ""]},
    "shortened_by": {"hours": [8.0]},
    "told_above": {"leader_at": [EARLIER], "chairman_at": [LATER]},
    "reminders": {"count": [12], "sections": [["(quá hạn)", "(sắp đến hạn)"]], "left_out": [0, 2]},
    "reminder_section": {
        "matter": ["overdue", "unaccepted", "soon", "decide", "triage", "snoozed"],
        "count": [2],
    },
    "reminder_line": {
        "number": [1],
        "matter": ["overdue", "unaccepted", "soon", "decide", "triage", "snoozed"],
        "unit": ["", "Phường Khương Đình"],
        "urgent": [False, True],
    },
    "label_see_all": {"count": [13]},
    "late_list": {"count": [2, 13]},
    "ask_snooze_reason": {"until": [LATER]},
    "snoozed": {"until": [LATER]},
    "snoozed_note": {"until": [LATER], "reason": ["Đang chờ đơn vị khác phối hợp", ""]},
    "snooze_day_not_understood": {"days": [30]},
    "waiting_over_unit": {"days": [5]},
    "why_due": {
        "due_at": [LATER],
        "began_at": [EARLIER],
        "reopened": [False, True],
        "lines": [["(thời hạn)", "(gia hạn)"]],
        "total": [24.0],
        "days": [
            [(EARLIER.date(), 6.5), (date(2026, 11, 24), 0.0), (LATER.date(), 8.0)],
            [(date(2026, 12, day), 8.0) for day in range(1, 12)],
        ],
    },
    "why_read": {
        "reasons": [['Lĩnh vực: Tiếng ồn, vì trong tin có "loa".', "Trong tin không nêu phường, xã."]],
        "confidence": [0.87, None],
        "version": ["6f96d0039d4e", ""],
    },
    "digest_part": {"part": ["new", "red", "solved", "seal", "picture"]},
    "label_digest_part": {"part": ["new", "red", "solved", "seal", "picture"], "on": [True, False]},
    "chart_part": {
        "part": [
            "overdue",
            "late",
            "late_with_extension",
            "at_risk",
            "on_track",
            "on_time",
            "likely_late",
            "uncertain",
            "likely_on_time",
            "unknown",
        ]
    },
    "chart_unit": {"name": ["Phường Khương Đình", "Rác thải, vệ sinh môi trường"]},
    "part_card": {
        "lead": ["Phường Khương Đình"],
        "task": ["Cắt cành gãy trước số 12"],
        "status": ["open", "done", "declined", "dropped"],
    },
    "part_over": {"status": ["done", "declined", "dropped"]},
    "part_draft": {"text": ["Đã cắt cành lúc 9 giờ sáng nay."]},
    "part_news": {"text": ["Đã cắt cành lúc 9 giờ sáng nay."], "unit": ["Sở Xây dựng"]},
    "no_parts": {"units": [["Phường Khương Đình"], ["Phường Khương Đình", "Phường Láng"]]},
    "history_part": {"text": ["Đã cắt cành lúc 9 giờ sáng nay."]},
    "part_of_domain": {"now": ["Rác cồng kềnh"]},
    "placed_by_position": {"now": ["Phường Khương Đình"]},
    "waits_for_dispatcher": {"reason": ["Máy chưa chắc lĩnh vực", ""]},
    "why_merged": {"code": ["HN-3M8T-4W6R", ""]},
    "clock_stands_still": {"since": [EARLIER]},
    "card": {"position": ["https://www.openstreetmap.org/?mlat=20.99100&mlon=105.81500", ""]},
    "case_filed": {"unit": ["Phường Khương Đình", ""]},
    "period_name": {"first": [EARLIER]},
    "label_stars": {"stars": [5, 1]},
    "rated": {"stars": [5]},
    "too_long": {"limit": [20_000]},
    "doubt_kind": {"kind": ["denunciation", "abuse"]},
    "draft_too_long": {"limit": [4_000]},
    **{
        f"directive_{name}": {
            "kind": ["assign", "report", "extend", "explain"],
            "about": ["HN-7F3K-9Q2M"],
            "unit": ["Phường Khương Đình"],
            "status": ["given", "seen", "done", "dropped", "proposed"],
            "moves_from": ["", "Sở Xây dựng"],
            "due_at": [LATER, None] if name not in ("reminder", "overdue") else [LATER],
            "text": ["Giao phường Khương Đình xử lý trước thứ Sáu"],
        }
        for name in (
            "echo",
            "given",
            "card",
            "report_news",
            "reminder",
            "overdue",
            "line",
            "record",
            "subject",
            "letter",
            "short_message",
            "extended",
        )
    },
    "directive_in_doubt": {"doubt": ["past", "no_such_day", "lunar", "how_long", "no_unit", "unknown_unit"]},
    "directive_settled": {"status": ["given", "dropped"]},
    "directive_history": {
        "type": ["given", "seen", "reported", "lapsed", "rewritten", "reorganised"],
        "name": ["Chủ tịch phường", ""],
    },
    "directive_seen_already": {"name": ["Chủ tịch phường Khương Đình", ""]},
    "directive_report_of_colleague": {"name": ["Chủ tịch phường Khương Đình", ""]},
    "directive_report_taken": {"name": ["Chủ tịch phường Khương Đình", ""]},
    "directive_reported_already": {"name": ["Chủ tịch phường Khương Đình", ""]},
    "directive_report_lost": {"what": ["tệp quá lớn"]},
    "label_directive_list": {"which": ["", "given", "seen", "done", "overdue"]},
    "figure_about": {"metric": ["overdue", ""], "first": [EARLIER, None], "last": [LATER]},
}
BY_TYPE: dict[str, list[Any]] = {
    "bool": [False, True],
    "int": [3],
    "str": ["(chữ)"],
    "float | None": [4.3, None],
    "datetime | None": [LATER, None],
    "datetime": [LATER],
    "Sequence[str]": [["(thứ nhất)", "(thứ hai)"]],
}


def texts_of(module: ModuleType) -> Iterator[Callable[..., str]]:
    """Yield the public functions that a module of texts defines, in its order."""
    for name, found in vars(module).items():
        if inspect.isfunction(found) and found.__module__ == module.__name__ and not name.startswith("_"):
            yield found


def samples(function: Callable[..., str], parameter: inspect.Parameter) -> list[Any]:
    special = SPECIAL.get(function.__name__, {})
    if parameter.name in special:
        return special[parameter.name]
    annotation = inspect.formatannotation(parameter.annotation).replace("datetime.datetime", "datetime")
    annotation = annotation.replace("collections.abc.", "")
    if annotation == "bool" or parameter.name not in SAMPLES:
        return BY_TYPE[annotation]
    return [value for value in SAMPLES[parameter.name] if value is not None or "None" in annotation]


def renderings(function: Callable[..., str]) -> Iterator[str]:
    """Yield a text with the first sample of everything, then with each other sample of one parameter."""
    choices = {
        parameter.name: samples(function, parameter)
        for parameter in inspect.signature(function).parameters.values()
    }
    usual = {name: values[0] for name, values in choices.items()}
    yield function(**usual)
    for name, values in choices.items():
        for value in values[1:]:
            yield function(**{**usual, name: value})


def rendered() -> str:
    """Return every text of every module, each under its name."""
    parts = []
    for module in MODULES:
        for function in texts_of(module):
            for rendering in dict.fromkeys(renderings(function)):
                parts.append(f"## {module.__name__.rpartition('.')[2]}.{function.__name__}\n{rendering}\n")
    return "\n".join(parts)


def test_the_golden_file_shows_every_text_as_it_is() -> None:
    assert rendered() == GOLDEN.read_text(encoding="utf-8"), (
        "texts have changed: python -m tests.handlers.test_golden_texts"
    )


def test_no_text_has_a_name_of_another_module() -> None:
    names = [function.__name__ for module in MODULES for function in texts_of(module)]
    assert sorted(names) == sorted(set(names))


def test_every_module_of_texts_is_rendered() -> None:
    found = {path.stem for path in Path(handlers.texts.__file__).parent.glob("[a-z]*.py")}
    assert found == {module.__name__.rpartition(".")[2] for module in MODULES}


def test_texts_hold_no_leftovers_and_fit_a_message() -> None:
    for part in rendered().split("## "):
        body = FIELD.sub("x", part.partition("\n")[2])
        assert not any(sign in body for sign in ("None", "{", "}", "  •", "..", " ,", " .\n")), part
        assert len(body) < 2_000, part


def test_labels_are_short() -> None:
    for module in MODULES:
        for function in texts_of(module):
            if function.__name__.startswith("label_"):
                assert all(len(label) <= 30 for label in renderings(function)), function.__name__


if __name__ == "__main__":
    GOLDEN.write_text(rendered(), encoding="utf-8")
