"""What tests of the pages share: the browser on PATH, its flags, widths, a picture to send."""

import shutil
from io import BytesIO

from PIL import Image
from playwright.async_api import FilePayload

CHROMIUM = shutil.which("chromium")
MISSING = "no chromium on PATH: the page needs a real browser"
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = (360, 740), (1280, 800)


def picture(colour: tuple[int, int, int] = (10, 120, 60)) -> FilePayload:
    """Return a JPEG as somebody would pick it."""
    data = BytesIO()
    Image.new("RGB", (400, 300), colour).save(data, "JPEG")
    return {"name": "anh.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}
