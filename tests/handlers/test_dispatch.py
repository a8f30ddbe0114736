"""Where messages lead: no two handlers for one name, commands however typed, menus by role."""

from types import ModuleType

import pytest

from handlers import dispatch, menus
from storage.people import Person, Post


def module(**tables: dict[str, object]) -> ModuleType:
    found = ModuleType("some_activity")
    for table in ("COMMANDS", "BUTTONS", "STEPS"):
        setattr(found, table, tables.get(table, {}))
    return found


def test_two_modules_cannot_handle_the_same_button() -> None:
    one, other = module(BUTTONS={"send": print}), module(BUTTONS={"send": print})
    with pytest.raises(dispatch.DuplicateHandler, match="send"):
        dispatch.merged([one, other], "BUTTONS")


@pytest.mark.parametrize(
    ("typed", "command", "argument"),
    [
        ("/tracuu HN-7F3K-9Q2M", "/tracuu", "HN-7F3K-9Q2M"),
        ("/TraCứu: HN 7F3K", "/tracuu", "HN 7F3K"),
        ("/tracuu@langnghe_bot hn", "/tracuu", "hn"),
        ("/ cuatoi", "/cuatoi", ""),
        ("/start\nABC", "/start", "ABC"),
    ],
)
def test_commands_are_understood_however_typed(typed: str, command: str, argument: str) -> None:
    assert dispatch.command_of(typed) == (command, argument)


def test_what_is_no_command() -> None:
    assert dispatch.command_of("tracuu") is None
    assert dispatch.command_of("/") is None


def test_everybody_sees_the_citizens_commands_and_officials_their_own_first() -> None:
    citizen = Person(id=1)
    chair = Person(id=2, posts=(Post(id=1, unit_code="u", role="chair"),))
    assert menus.menu_of(None) == menus.menu_of(citizen) == menus.command_menu()
    own = ["viec", "phoihop", "mau", "viso", "tim", "thongke", "sapcham", "lapnhom", "nhom", "hoi", "xuat"]
    own += ["bantin", "chucvu", "gop", "tach", "chidao"]
    everybodys = ["cuatoi", "tracuu", "lienket", "dulieucuatoi", "xoadulieu", "trogiup", "huy"]
    assert [name for name, _ in menus.menu_of(chair)] == own + everybodys


def test_every_command_of_a_menu_exists() -> None:
    roles = ("chair", "officer", "leader", "dispatcher", "admin")
    everything = Person(
        id=1, posts=tuple(Post(id=n, unit_code="u", role=role) for n, role in enumerate(roles))
    )
    for name, description in menus.menu_of(everything):
        assert f"/{name}" in dispatch.COMMANDS
        assert description
        assert name.isascii()
    assert dispatch.COMMANDS.keys() >= menus.GROUP_COMMANDS


def test_buttons_fit_into_what_channels_carry() -> None:
    for action in dispatch.BUTTONS:
        assert action.isascii()
        assert ":" not in action
