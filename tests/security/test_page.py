"""The chat page in a real browser: whatever people and vendors write is shown as text and does nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from handlers.channel import Button, File, OutboundMessage
from tests.browser import CHROMIUM, FLAGS, MISSING
from tests.standins.echo_bot import EchoBot

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)

HOSTILE = (
    "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>",
    "</div></li><svg onload=\"document.title='taken'\">"
    "<iframe srcdoc=\"<script>parent.document.title='taken'</script>\">",
    "<style>*{display:none}</style><base href=https://attacker.example/><form action=https://attacker.example>",
    "{{constructor.constructor('document.title=1')()}} ${document.title='taken'} &lt;b&gt; \u202egnp.exe",
)
"""The last turns the direction of what follows it: a trick with names of files."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path) as running:
        yield running


ADDRESSES = (
    "javascript:document.title='taken'",
    "data:text/html,<script>1</script>",
    "https://city.example/a",
)

HOSTILE_NEWS = OutboundMessage(
    text="\n".join(HOSTILE),
    buttons=tuple((Button(label=text[:60], data="x:y"),) for text in HOSTILE),
    links=tuple(zip(HOSTILE, ADDRESSES, strict=False)),
    files=(File(media_key="0" * 32 + ".pdf", name=HOSTILE[0], mime="application/pdf", size=1),),
)


async def opened(browser: Browser, url: str) -> Page:
    page = await browser.new_page()
    await page.goto(url)
    await page.evaluate("document.title = 'ours'")
    return page


async def test_hostile_texts_labels_links_and_names_are_shown_as_text(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for text in HOSTILE:
        await page.fill("#text", text)
        await page.click("#send")
    await expect(page.locator(".message.bot")).to_have_count(len(HOSTILE))
    await bot.say(bot.received[0].address.chat, HOSTILE_NEWS)
    await expect(page.locator(".message.bot")).to_have_count(len(HOSTILE) + 1)
    shown = await page.locator(".message.own .text").all_inner_texts()
    assert [text.strip() for text in shown] == [text.strip() for text in HOSTILE]
    assert HOSTILE[0] in (await page.locator(".message.bot .text").last.inner_text())
    assert (
        await page.locator(
            "#messages :is(script, iframe, style, base, form, svg[onload], img[src=x])"
        ).count()
        == 0
    )
    links = await page.locator("#messages a").evaluate_all("all => all.map(each => each.protocol)")
    assert set(links) <= {"http:", "https:"}
    assert await page.title() == "ours"
    assert all(url.startswith((bot.url, "blob:")) or bot.url.split("//")[1] in url for url in asked)


async def test_no_script_that_gets_into_the_page_runs(browser: Browser, bot: EchoBot) -> None:
    page = await opened(browser, f"{bot.url}/chat")
    tried = """() => {
        const told = [];
        for (const put of [
            () => { document.body.innerHTML += "<img src=x onerror=alert(1)>"; },
            () => { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); },
        ]) {
            try { put(); told.push("done"); } catch (error) { told.push(error.name); }
        }
        const script = document.createElement("script");
        script.append("document.title = 'taken'");
        try { document.body.append(script); } catch (error) { told.push(error.name); }
        return told;
    }"""
    told = await page.evaluate(tried)
    assert "done" not in told
    assert await page.title() == "ours"
