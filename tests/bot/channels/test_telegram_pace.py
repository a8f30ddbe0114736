"""How many messages go out in a time."""

from bot.channels.telegram.pace import UNLIMITED, Limit, Limits, Pace

CITIZEN, GROUP = 7, -100


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_of_three_passes_in_a_private_chat_then_it_waits_while_others_do_not() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    assert [pace.admit(CITIZEN, 1) for _ in range(3)] == [0, 0, 0]
    wait = pace.admit(CITIZEN, 1)
    assert 0 < wait <= 3
    assert pace.admit(CITIZEN + 1, 1) == 0
    clock.now += wait
    assert pace.admit(CITIZEN, 1) == 0


def test_a_group_takes_twenty_in_any_minute() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    times: list[float] = []
    while len(times) < 60:
        if wait := pace.admit(GROUP, 1):
            clock.now += wait
        else:
            times.append(clock.now)
            clock.now += 0.1
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(times, times[20:], strict=False))


def test_all_chats_together_keep_to_thirty_a_second() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    admitted = [pace.admit(chat, 1) for chat in range(1, 41)]
    assert admitted.count(0) == 30
    assert all(0 < wait <= 1 for wait in admitted[30:])


def test_a_refused_message_is_not_counted() -> None:
    clock = Clock()
    pace = Pace(Limits(overall=None), clock)
    for _ in range(3):
        pace.admit(CITIZEN, 1)
    waits = {pace.admit(CITIZEN, 1) for _ in range(10)}
    assert len(waits) == 1


def test_an_album_counts_each_photo() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    assert pace.admit(GROUP, 15) == 0
    assert pace.admit(GROUP, 5) == 0
    assert pace.admit(GROUP, 1) > 0


def test_more_at_once_than_a_limit_passes_when_the_chat_was_quiet() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    assert pace.admit(CITIZEN, 11) == 0
    assert pace.admit(CITIZEN, 11) > 0
    clock.now += 3
    assert pace.admit(CITIZEN, 11) == 0


def test_chats_that_have_been_quiet_are_forgotten() -> None:
    clock = Clock()
    pace = Pace(Limits(overall=None, private=Limit(count=1, seconds=1)), clock)
    for chat in range(1, 12_000):
        clock.now += 1
        pace.admit(chat, 1)
    assert len(pace._chats) < 11_000


def test_without_limits_nothing_waits() -> None:
    pace = Pace(UNLIMITED, Clock())
    assert not any(pace.admit(CITIZEN, 10) for _ in range(1000))


def test_many_chats_that_the_vendor_lets_wait_at_once_mean_the_bot_as_a_whole() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    assert [pace.refused(chat) for chat in (1, 1, 1, 2, 3, 4)] == [False] * 6
    assert pace.refused(5)
    clock.now += 11
    assert not pace.refused(6)


def test_what_all_chats_wait_for_is_told_from_what_one_waits_for() -> None:
    clock = Clock()
    pace = Pace(Limits(), clock)
    for _ in range(3):
        pace.admit(CITIZEN, 1)
    assert pace.admit(CITIZEN, 1) > pace.wait_of_all(1) == 0
    for chat in range(100, 127):
        pace.admit(chat, 1)
    assert pace.admit(CITIZEN + 1, 1) == pace.wait_of_all(1) > 0
