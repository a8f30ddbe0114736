"""The menu of commands beside the field where people type: it follows the posts that somebody holds.

What the commands do stands elsewhere (`dispatch.py`): pages and vendors are given their menus by processes
that do no turns.
"""

from handlers import texts
from storage.people import Person

GROUP_COMMANDS = frozenset({"/bantin", "/hoi", "/xuat"})
"""Commands that concern a group; any other is personal there."""
_WORKERS = {"chair", "officer"}
OFFICIAL_MENU = (
    ("viec", texts.command_work, _WORKERS),
    ("phoihop", texts.command_parts, _WORKERS),
    ("mau", texts.command_templates, _WORKERS),
    ("dieuphoi", texts.command_triage, {"dispatcher"}),
    ("viso", texts.command_why, {"chair", "officer", "leader", "dispatcher"}),
    ("tim", texts.command_search, {"chair", "officer", "leader", "dispatcher"}),
    ("thongke", texts.command_figures, {"chair", "officer", "leader", "dispatcher"}),
    ("sapcham", texts.command_at_risk, {"chair", "officer", "leader", "dispatcher"}),
    ("lapnhom", texts.command_groups, {"leader", "chair"}),
    ("nhom", texts.command_own_groups, {"leader", "chair"}),
    ("hoi", texts.command_questions, {"chair", "officer", "leader", "dispatcher"}),
    ("xuat", texts.command_export, {"chair", "officer", "leader", "dispatcher"}),
    ("bantin", texts.command_digest, {"chair", "officer", "leader", "dispatcher"}),
    ("chucvu", texts.command_posts, {"chair", "officer", "leader", "dispatcher", "admin"}),
    ("gop", texts.command_merge, {"dispatcher", "chair"}),
    ("tach", texts.command_unmerge, {"dispatcher", "chair"}),
    ("chidao", texts.command_directives, {"chair", "officer", "leader"}),
    ("yeucaudulieu", texts.command_privacy, {"admin"}),
)
"""Each official command without its slash, what it does, and the roles that are shown it."""


def command_menu() -> list[tuple[str, str]]:
    """Return the commands that everybody is shown, with what they do."""
    return [
        ("cuatoi", texts.command_mine()),
        ("tracuu", texts.command_track()),
        ("lienket", texts.command_link()),
        ("dulieucuatoi", texts.command_own_data()),
        ("xoadulieu", texts.command_erase()),
        ("trogiup", texts.command_help()),
        ("huy", texts.command_cancel()),
    ]


def group_menu() -> list[tuple[str, str]]:
    """Return the commands that are shown in groups, with what they do."""
    return [(name, described()) for name, described, _ in OFFICIAL_MENU if f"/{name}" in GROUP_COMMANDS]


def menu_of(person: Person | None) -> list[tuple[str, str]]:
    """Return the commands that this person is shown, an official's own first."""
    return [*(official_commands(person) if person else ()), *command_menu()]


def official_commands(person: Person) -> list[tuple[str, str]]:
    """Return the commands of a person's posts, with what they do."""
    return [(name, described()) for name, described, roles in OFFICIAL_MENU if roles & person.roles]
