"""Builds the channels that the settings name.

A vendor's adapter is loaded where its channel is set up: each is megabytes that others need not hold.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from bot.channels import FURTHER
from bot.connecting import VendorChannel
from bot.outgoing import connector_for
from bot.public_photos import PublicPhotos
from bot.settings import Settings, domains_in, read_template
from handlers import texts
from handlers.channel import Channel, Watched
from routing.deadline import LOCAL_TIME
from storage import plan_use
from storage.database import Database

if TYPE_CHECKING:
    from bot.channels.sms import SmsChannel
    from bot.channels.telegram import Limits
    from bot.channels.zalo_oa import Template
    from bot.channels.zalo_oa.tokens import TokenKeeper

ZALO_OA = "zalo_oa"
"""The channel whose tokens are kept."""
CARD_PICTURE = "/page/card.png"
"""What the card shows by which Zalo asks a person for their phone."""

OpenMedia = Callable[[str], Awaitable[bytes]]


@dataclass(kw_only=True, slots=True)
class Channels:
    """The channels by name, and those that the server must know by their kind."""

    by_name: dict[str, Channel] = field(default_factory=dict)
    vendors: list[VendorChannel] = field(default_factory=list)
    """Those that must be started and closed."""
    sms: "SmsChannel | None" = None
    public_photos: PublicPhotos | None = None
    """Photos that a vendor fetches from here."""
    keepers: "list[TokenKeeper]" = field(default_factory=list)
    """Who keeps a vendor's tokens; closed after the channels that use them."""

    def watched(self) -> dict[str, list[Watched]]:
        """Return what can be asked how it is, by the name of the channel."""
        asked: dict[str, list[Watched]] = {
            name: [cast(Watched, channel)]
            for name, channel in self.by_name.items()
            if hasattr(channel, "ailments")
        }
        for keeper in self.keepers:
            asked.setdefault(ZALO_OA, []).append(keeper)
        return asked


def build_channels(
    settings: Settings,
    *,
    web: Channel,
    simulated: bool,
    database: Database,
    open_media: OpenMedia,
    now: Callable[[], datetime],
    telegram_limits: "Limits | None" = None,
) -> Channels:
    """Return the web chat and every channel that is set up.

    `simulated` adds that of people who do not exist; `open_media` returns the bytes of a stored photo or
    file.
    """
    built = Channels(by_name={"web": web})
    if simulated:
        from bot.channels.simulated import SimulatedChannel

        built.by_name["simulated"] = SimulatedChannel()
    _add_telegram(built, settings, open_media, telegram_limits)
    _add_zalo_oa(built, settings, database, open_media, now)
    _add_zalo_bot(built, settings, database, now)
    _add_mail(built, settings)
    _add_sms(built, settings)
    _add_further(built, settings)
    return built


def _add_telegram(
    built: Channels, settings: Settings, open_media: OpenMedia, limits: "Limits | None"
) -> None:
    if not settings.telegram_token.get_secret_value():
        return
    from bot.channels.telegram import TelegramChannel
    from handlers import menus

    telegram = TelegramChannel(
        token=settings.telegram_token.get_secret_value(),
        secret=settings.telegram_secret.get_secret_value(),
        api_url=str(settings.telegram_api_url).rstrip("/"),
        public_url=str(settings.public_url or "").rstrip("/"),
        mode=settings.telegram_mode,
        open_media=open_media,
        commands=menus.command_menu(),
        group_commands=menus.group_menu(),
        limits=limits,
    )
    built.by_name["telegram"] = telegram
    built.vendors.append(telegram)


def _add_zalo_bot(
    built: Channels, settings: Settings, database: Database, now: Callable[[], datetime]
) -> None:
    token = settings.zalo_bot_token.get_secret_value()
    if not token:
        return
    from bot.channels.zalo_bot import Plan, Used, ZaloBotChannel

    public_url = str(settings.public_url or "").rstrip("/")
    photos = PublicPhotos(public_url=public_url, secret=token, media_dir=settings.media_dir, now=now)

    async def used() -> Used:
        async with database.read() as transaction:
            since = now().astimezone(LOCAL_TIME).date().replace(day=1)
            use = await plan_use.used(transaction, ZaloBotChannel.name, since=since)
        return Used(people=use.people, messages=use.messages, groups=use.groups)

    channel = ZaloBotChannel(
        token=token,
        secret=settings.zalo_bot_secret.get_secret_value(),
        mode=settings.zalo_bot_mode,
        api_url=str(settings.zalo_bot_api_url).rstrip("/"),
        public_url=public_url,
        publish=photos.address,
        plan=Plan(
            people=settings.zalo_bot_people,
            messages=settings.zalo_bot_messages,
            groups=settings.zalo_bot_groups,
        ),
        used=used,
        choose=texts.choice_by_number(),
        connector=connector_for(settings),
    )
    built.by_name[channel.name] = channel
    built.vendors.append(channel)
    built.public_photos = photos


def _add_zalo_oa(
    built: Channels,
    settings: Settings,
    database: Database,
    open_media: OpenMedia,
    now: Callable[[], datetime],
) -> None:
    if not settings.zalo_app_id:
        return
    from bot.channels.zalo_oa import CAPABILITIES, Client, Hints, ZaloOaChannel

    client = Client(
        tokens=_zalo_tokens(built, settings, database, now),
        api_url=str(settings.zalo_api_url),
        business_url=str(settings.zalo_business_url),
        proof_secret=settings.zalo_app_secret.get_secret_value() if settings.zalo_proof else "",
        per_minute=settings.zalo_per_minute,
        connector=connector_for(settings),
        now=now,
    )
    public_url = str(settings.public_url or "").rstrip("/")
    channel = ZaloOaChannel(
        client=client,
        app_id=settings.zalo_app_id,
        oa_secret_key=settings.zalo_oa_secret_key.get_secret_value(),
        open_media=open_media,
        capabilities=replace(
            CAPABILITIES,
            free_window=timedelta(hours=settings.zalo_free_hours),
            reply_window=timedelta(hours=settings.zalo_reply_hours),
            price=settings.zalo_price,
            messages_per_minute=settings.zalo_per_minute,
        ),
        template=_zalo_template(settings),
        card_picture=public_url + CARD_PICTURE if public_url else "",
        own_urls=(str(settings.zalo_api_url),),
        media_hosts=domains_in(settings.zalo_media_hosts),
        hints=Hints(choose=texts.choice_by_number(), position=texts.position_by_hand()),
        now=now,
    )
    built.by_name[channel.name] = channel
    built.vendors.append(channel)


def _zalo_template(settings: Settings) -> "Template | None":
    if not settings.zalo_template:
        return None
    from bot.channels.zalo_oa import Template

    number, fields = read_template(settings.zalo_template)
    return Template(id=number, fields=fields, price=settings.zalo_template_price)


def _zalo_tokens(
    built: Channels, settings: Settings, database: Database, now: Callable[[], datetime]
) -> "TokenKeeper":
    """Return who keeps the Official Account's tokens; the watchdog renews them too."""
    from bot.vault import keeper_of

    keeper = keeper_of(settings, database, now=now)
    built.keepers.append(keeper)
    return keeper


def _add_further(built: Channels, settings: Settings) -> None:
    for build in FURTHER:
        if (channel := build(settings)) is not None:
            built.by_name[channel.name] = channel
            if hasattr(channel, "start"):
                built.vendors.append(cast(VendorChannel, channel))


def _add_mail(built: Channels, settings: Settings) -> None:
    if server := settings.smtp_url.get_secret_value():
        from bot.channels.mail import MailChannel, Server

        built.by_name["mail"] = MailChannel(server=Server.parse(server), sender=settings.mail_from)


def _add_sms(built: Channels, settings: Settings) -> None:
    if settings.sms_url is None:
        return
    from bot.channels.sms import TEMPLATE, SmsChannel

    built.sms = SmsChannel(
        url=str(settings.sms_url),
        token=settings.sms_token.get_secret_value(),
        sender=settings.sms_from,
        template=settings.sms_template or TEMPLATE,
        receipt_secret=settings.sms_receipt_secret.get_secret_value(),
        connector=connector_for(settings),
    )
    built.by_name["sms"] = built.sms
