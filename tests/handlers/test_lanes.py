"""Lanes: how much a channel is given at once, at which rate, and how it comes back after a refusal."""

from datetime import UTC, datetime, timedelta

import pytest

from handlers.channel import Capabilities, Misconfigured, RateLimited, Unavailable
from handlers.lanes import FIRST_REST, IN_FLIGHT, LONGEST_ABSENCE, LONGEST_REST, Claim, Lanes
from storage.messages import ANSWER, TO_MANY
from tests.city import RecordingChannel

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Watch:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def lanes(watch: Watch, **a_minute: int | None) -> Lanes:
    channels = {}
    for name, limit in a_minute.items():
        channels[name] = RecordingChannel()
        channels[name].capabilities = Capabilities(source="", text_limit=1000, messages_per_minute=limit)
    return Lanes(channels, watch)


def sends(of: Lanes, channel: str, now: datetime = NOON, most: int = TO_MANY) -> int:
    """Send all that a channel may be given now up to an urgency; return how many that were."""
    count = 0
    while claim := next(
        (each for each in of.claims(now) if each.channel in (None, channel) and each.most >= most), None
    ):
        for _ in range(claim.limit):
            of.take(channel)
        for _ in range(claim.limit):
            of.settle(channel, 0, None, now)
        count += claim.limit
        if not of.dry(now):
            break  # a channel without a rate has always room
    return count


def test_while_no_channel_is_held_up_one_claim_is_for_all() -> None:
    both = lanes(Watch(), telegram=None, web=None)
    assert both.claims(NOON) == [Claim(channel=None, limit=IN_FLIGHT * 3 // 4)]


def test_no_minute_has_more_than_the_limit_and_little_is_lost() -> None:
    watch = Watch()
    zalo = lanes(watch, zalo=4000)
    went: list[tuple[float, int]] = []
    for _ in range(1200):
        went.append((watch.seconds, sends(zalo, "zalo", most=ANSWER)))
        watch.seconds += 0.1
    for begin in range(0, 600, 50):
        in_a_minute = sum(count for _, count in went[begin : begin + 600])
        assert 3900 < in_a_minute <= 4000


def test_news_leaves_something_for_answers() -> None:
    zalo = lanes(Watch(), zalo=4000)
    assert sends(zalo, "zalo") > 0
    [claim] = zalo.claims(NOON)
    assert claim.most == ANSWER
    assert claim.limit >= 8


def test_a_channel_that_is_full_leaves_room_for_the_others() -> None:
    both = lanes(Watch(), slow=None, quick=None)
    for _ in range(IN_FLIGHT):
        both.take("slow")
    assert [(claim.channel, claim.limit) for claim in both.claims(NOON)] == [("quick", IN_FLIGHT * 3 // 4)]


def test_news_never_takes_all_the_room_of_a_slow_channel() -> None:
    slow = lanes(Watch(), slow=None)
    for _ in range(IN_FLIGHT * 3 // 4):
        slow.take("slow")
    assert slow.claims(NOON) == [Claim(channel="slow", limit=IN_FLIGHT // 4, most=ANSWER)]


@pytest.mark.parametrize("error", [RateLimited, Misconfigured, Unavailable])
def test_a_refused_channel_rests_alone_and_is_tried_with_one(error: type[RateLimited]) -> None:
    both = lanes(Watch(), zalo=4000, web=None)
    for _ in range(3):
        both.take("zalo")
    for _ in range(3):  # what was under way fails together: that is one refusal
        both.settle("zalo", 0, error(for_all=True), NOON)
    assert [claim.channel for claim in both.claims(NOON)] == ["web"]
    assert both.rests_until("zalo") == NOON + FIRST_REST
    after = NOON + FIRST_REST
    assert {claim.channel: claim.limit for claim in both.claims(after)}["zalo"] == 1
    both.take("zalo")
    assert "zalo" not in [claim.channel for claim in both.claims(after)]
    both.settle("zalo", 0, error(for_all=True), after)
    assert both.rests_until("zalo") == after + 2 * FIRST_REST
    again = after + 2 * FIRST_REST
    both.take("zalo")
    both.settle("zalo", 0, None, again)
    assert {claim.channel: claim.limit for claim in both.claims(again)}.get("zalo") != 1


def test_a_rest_grows_but_not_for_ever_and_is_as_long_as_the_vendor_says() -> None:
    zalo, now = lanes(Watch(), zalo=4000), NOON
    for _ in range(20):
        zalo.take("zalo")
        zalo.settle("zalo", 0, Unavailable(for_all=True), now)
        until = zalo.rests_until("zalo")
        assert until is not None
        assert until - now <= LONGEST_REST
        now = until
    zalo.take("zalo")
    zalo.settle("zalo", 0, RateLimited(for_all=True, retry_after=47 * SECOND), now)
    assert zalo.rests_until("zalo") == now + 47 * SECOND


def test_what_concerns_one_chat_holds_up_no_channel() -> None:
    zalo = lanes(Watch(), zalo=None)
    zalo.take("zalo")
    zalo.settle("zalo", 0, RateLimited(), NOON)
    assert zalo.rests_until("zalo") is None
    assert [claim.channel for claim in zalo.claims(NOON)] == [None]


def test_who_shares_a_limit_and_is_refused_goes_at_half_the_rate_for_a_while() -> None:
    watch = Watch()
    zalo = lanes(watch, zalo=4000)
    zalo.take("zalo")
    zalo.settle("zalo", 0, RateLimited(for_all=True, retry_after=SECOND), NOON)
    now, counts = NOON + SECOND, []
    for _ in range(2):
        counts.append(0)
        for _ in range(600):
            counts[-1] += sends(zalo, "zalo", now, most=ANSWER)
            watch.seconds += 0.1
        watch.seconds += 3600
    assert 2000 < counts[0] < 2500
    assert 3900 < counts[1] <= 4000


def test_the_parts_of_a_split_message_count_each() -> None:
    zalo = lanes(Watch(), zalo=4000)
    zalo.take("zalo")
    zalo.settle("zalo", 30, None, NOON)
    assert [claim.limit for claim in zalo.claims(NOON)] == [2]
    assert [claim.most for claim in zalo.claims(NOON)] == [ANSWER]


def test_a_channel_that_is_not_set_up_is_left_alone_for_a_while() -> None:
    web = lanes(Watch(), web=None)
    web.settle("gone", 0, RateLimited(for_all=True, retry_after=60 * SECOND), NOON)
    assert [claim.channel for claim in web.claims(NOON)] == ["web"]
    assert [claim.channel for claim in web.claims(NOON + 60 * SECOND)] == [None]


def test_a_limit_of_a_few_a_minute_still_lets_something_out() -> None:
    watch = Watch()
    slow = lanes(watch, slow=3)
    count = 0
    for _ in range(300):
        count += sends(slow, "slow", most=ANSWER)
        watch.seconds += 1
    assert 10 <= count <= 15


def fails(of: Lanes, chat: str, now: datetime = NOON) -> Unavailable:
    of.take("telegram")
    error = Unavailable()
    of.settle("telegram", 0, error, now, chat=chat)
    return error


def test_a_channel_by_which_nobody_can_be_reached_rests_and_no_message_is_to_blame() -> None:
    telegram = lanes(Watch(), telegram=None)
    assert not fails(telegram, "an").for_all
    assert not fails(telegram, "an").for_all
    assert not fails(telegram, "an").for_all, "it may be this chat alone"
    assert fails(telegram, "binh").for_all
    assert telegram.claims(NOON) == []
    [claim] = telegram.claims(NOON + FIRST_REST)
    assert claim.limit == 1, "one message finds out whether it is back"


def test_one_success_shows_that_a_channel_is_not_away() -> None:
    telegram = lanes(Watch(), telegram=None)
    for _ in range(4):
        assert not fails(telegram, "an").for_all
        assert not fails(telegram, "binh").for_all
        telegram.take("telegram")
        telegram.settle("telegram", 0, None, NOON, chat="chi")


def test_a_channel_that_was_away_for_days_is_tried_every_quarter_of_a_minute() -> None:
    telegram, now = lanes(Watch(), telegram=None), NOON
    for number in range(200):
        fails(telegram, f"chat {number}", now)
        until = telegram.rests_until("telegram")
        if until is not None:
            assert until - now <= LONGEST_ABSENCE
            now = until


def test_a_clock_that_is_set_back_ends_a_rest() -> None:
    telegram = lanes(Watch(), telegram=None)
    for chat in ("an", "binh", "chi"):
        fails(telegram, chat, NOON + timedelta(days=1))
    assert telegram.claims(NOON + timedelta(days=1)) == []
    assert [claim.limit for claim in telegram.claims(NOON)] != []
