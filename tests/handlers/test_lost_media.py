"""A message whose pictures are gone is sent without them; one whose folder is away waits a little."""

from pathlib import Path

import pytest

from handlers import texts
from handlers.channel import OutboundMessage, Photo, Unavailable
from handlers.lost_media import PATIENT_TRIES, without_lost
from handlers.media import store_photo
from tests.city import picture


async def test_what_is_gone_is_left_out_and_told(tmp_path: Path) -> None:
    kept = store_photo(picture(), tmp_path).media_key
    gone = store_photo(picture("red"), tmp_path).media_key
    (tmp_path / gone[:2] / gone).unlink()
    message = OutboundMessage(text="Phiếu", photos=(Photo(media_key=kept), Photo(media_key=gone)))
    sent = await without_lost(message, tmp_path, tries=0)
    assert sent.photos == (Photo(media_key=kept),)
    assert sent.text == f"Phiếu\n\n{texts.attachments_lost(count=1)}"


async def test_while_the_folder_is_away_it_waits_and_then_goes_without(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    key = store_photo(picture(), folder).media_key
    folder.rename(tmp_path / "elsewhere")
    message = OutboundMessage(text="Phiếu", photos=(Photo(media_key=key),))
    with pytest.raises(Unavailable):
        await without_lost(message, folder, tries=PATIENT_TRIES - 1)
    assert (await without_lost(message, folder, tries=PATIENT_TRIES)).photos == ()
    (tmp_path / "elsewhere").rename(folder)
    assert await without_lost(message, folder, tries=0) == message


async def test_a_message_without_pictures_is_left_as_it_is(tmp_path: Path) -> None:
    message = OutboundMessage(text="Chào", photos=(Photo(reference="at the vendor"),))
    assert await without_lost(message, tmp_path / "nowhere", tries=0) is message
