"""Answer templates in chat, `/mau`: listed and shown to a unit's officials, written by its chair."""

from collections.abc import Mapping, Sequence

from handlers import cards, draft, filling, texts, unit_search, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from storage import templates
from storage.templates import EVERY_DOMAIN, Template

NAME, DOMAIN, TEXT = "template.name", "template.domain", "template.text"
PAGE = 6
LONGEST_NAME = 40
LONGEST_TEXT = 2_000
MOST = 50
"""Templates of one unit."""
_KEPT = "template"

Rows = list[list[Button]]


# ── whose they are ───────────────────────────────────────────────────────────────────────────────


def _units_of(turn: Turn, *roles: str) -> list[str]:
    """Return the units at which the writer holds one of these roles."""
    held = (post.unit_code for post in turn.person.posts if post.role in roles)
    return list(dict.fromkeys(code for code in held if code in turn.city.units))


def _chairs(turn: Turn) -> list[str]:
    return _units_of(turn, "chair")


def _within_reach(turn: Turn) -> list[str]:
    """Return the writer's units and those above them, whose templates they may use."""
    own = _units_of(turn, "chair", "officer")
    return list(dict.fromkeys(unit.code for code in own for unit in reversed(turn.city.path(code))))


async def _readable(turn: Turn, number: str) -> Template | None:
    """Return a template that the writer may use; otherwise say that there is none."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    found = await templates.get_template(turn.transaction, int(number)) if _is_number(number) else None
    if found is None or found.unit_code not in _within_reach(turn):
        turn.say(texts.template_gone())
        return None
    return found


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal() and len(typed) < 19 + 1


async def _writable(turn: Turn, number: str) -> Template | None:
    """Return a template that the writer may change; otherwise say why not."""
    found = await _readable(turn, number)
    if found is not None and found.unit_code not in _chairs(turn):
        turn.say(texts.template_not_yours(unit=cards.unit_name(turn.city, found.unit_code)))
        return None
    return found


def _domain_name(turn: Turn, domain: str) -> str:
    return "" if domain == EVERY_DOMAIN else cards.domain_name(turn.city, domain)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


async def show_list(turn: Turn, argument: str) -> None:
    """`/mau`: list the templates of the writer's units and of those above."""
    units = _within_reach(turn)
    if turn.chat.group or not units:
        official = bool(turn.person.posts)
        turn.say(texts.only_in_private() if turn.chat.group else texts.templates_refused(official=official))
        return
    _stop(turn)
    found = sorted(
        await templates.templates_of(turn.transaction, units), key=lambda each: units.index(each.unit_code)
    )
    wanted = int(argument) if _is_number(argument) else 0
    first = wanted if wanted < len(found) else 0
    page = found[first : first + PAGE]
    lines = [_line(turn, number, each) for number, each in enumerate(page, start=first + 1)]
    rows = [[Button(label=each.name, data=f"tpl:{each.id}")] for each in page]
    turn.say(
        texts.template_list(lines=lines, count=len(found), first=first + 1, writes=bool(_chairs(turn))),
        buttons=[*rows, *_page_buttons(first, len(found)), *_add_buttons(turn)],
    )


def _line(turn: Turn, number: int, template: Template) -> str:
    own = template.unit_code in _units_of(turn, "chair", "officer")
    return texts.template_line(
        number=number,
        name=template.name,
        domain=_domain_name(turn, template.domain),
        unit="" if own else cards.unit_name(turn.city, template.unit_code),
        used=template.used,
    )


def _page_buttons(first: int, count: int) -> Rows:
    row = []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"tpls:{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"tpls:{first + PAGE}"))
    return [row] if row else []


def _add_buttons(turn: Turn) -> Rows:
    """Return a button to write a template for each unit whose chair the writer is."""
    units = _chairs(turn)
    buttons = [
        Button(
            label=texts.label_add_template(unit=cards.unit_name(turn.city, code) if len(units) > 1 else ""),
            data=f"tplnew:{code}",
        )
        for code in units
    ]
    return [[button] for button in buttons if cards.fits(button.data)]


async def show(turn: Turn, argument: str) -> None:
    """Show one template, and how it looks filled in."""
    found = await _readable(turn, argument)
    if found is not None:
        _stop(turn)
        _show(turn, found)


def _show(turn: Turn, template: Template, above: str = "") -> None:
    unit = cards.unit_name(turn.city, template.unit_code)
    text = texts.template_shown(
        name=template.name,
        domain=_domain_name(turn, template.domain),
        unit=unit,
        text=template.text,
        sample=filling.fill(template.text, {**texts.TEMPLATE_SAMPLE, "unit": unit}),
    )
    turn.say(f"{above}\n\n{text}" if above else text, buttons=_buttons_of(turn, template))


def _buttons_of(turn: Turn, template: Template) -> Rows:
    back = [Button(label=texts.label_all_templates(), data="tpls:0")]
    if template.unit_code not in _chairs(turn):
        return [back]
    return [
        [
            Button(label=texts.label_template_text(), data=f"tpltext:{template.id}"),
            Button(label=texts.label_template_name(), data=f"tplname:{template.id}"),
        ],
        [
            Button(label=texts.label_template_domain(), data=f"tplfor:{template.id}"),
            Button(label=texts.label_delete_template(), data=f"tpldel:{template.id}"),
        ],
        back,
    ]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────
#
# What is being written is kept in the chat: "unit" and "name" of a new template, "id" of one that changes.


def _begin(turn: Turn, step: str, kept: Mapping[str, str]) -> bool:
    """Let the next message belong to a template; an answer that is being written goes first."""
    if code := writing.code_at_work(turn):
        turn.say(texts.draft_busy(code=code), buttons=[[writing.drop_button(code)]])
        return False
    aside = draft.lay_aside(turn.chat.step, turn.chat.draft)
    turn.chat.step, turn.chat.draft = step, {**aside, _KEPT: dict(kept)}
    return True


def _stop(turn: Turn) -> None:
    """End what is being written of a template; a report of one's own goes on."""
    if turn.chat.step in (NAME, DOMAIN, TEXT):
        turn.chat.step, turn.chat.draft = draft.take_up(turn.chat.draft)


def _kept(turn: Turn) -> dict[str, str]:
    return dict(turn.chat.draft.get(_KEPT, {}))


def _drop_row() -> list[Button]:
    return [Button(label=texts.label_drop(), data="tpldrop")]


async def drop(turn: Turn, argument: str) -> None:
    """Stop writing a template; nothing changes."""
    _stop(turn)
    turn.say(texts.template_dropped())


async def add(turn: Turn, argument: str) -> None:
    """Ask what a new template of this unit is called."""
    unit = cards.unit_name(turn.city, argument)
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif argument not in _chairs(turn):
        turn.say(texts.template_gone())
    elif await templates.count_templates(turn.transaction, argument) >= MOST:
        turn.say(texts.template_limit(unit=unit, limit=MOST))
    elif _begin(turn, NAME, {"unit": argument}):
        turn.say(texts.ask_template_name(unit=unit), buttons=[_drop_row()])


async def rename(turn: Turn, argument: str) -> None:
    """Ask for another name."""
    found = await _writable(turn, argument)
    if found is not None and _begin(turn, NAME, {"id": str(found.id)}):
        turn.say(texts.ask_new_name(name=found.name), buttons=[_drop_row()])


async def write_name(turn: Turn, argument: str) -> None:
    """Take the name in; a new template is asked next for which domain it is."""
    kept, name = _kept(turn), " ".join(turn.message.text.split())
    changed = await _writable(turn, kept["id"]) if "id" in kept else None
    if "id" in kept and changed is None:
        _stop(turn)
        return
    unit = changed.unit_code if changed else kept.get("unit", "")
    refusal = await _refused_name(turn, unit, name, changed.id if changed else 0)
    if refusal:
        turn.say(refusal, buttons=[_drop_row()])
    elif changed is not None:
        await _change(turn, changed, name=name)
    else:
        turn.chat.step = DOMAIN
        turn.chat.draft = {**turn.chat.draft, _KEPT: {**kept, "name": name}}
        turn.say(texts.ask_template_domain(name=name), buttons=_domain_rows(turn, "tpldomain:"))


async def _refused_name(turn: Turn, unit: str, name: str, own: int) -> str:
    if not name or turn.message.photos:
        return texts.template_words_please()
    if len(name) > LONGEST_NAME:
        return texts.template_name_too_long(limit=LONGEST_NAME)
    if await templates.name_taken(turn.transaction, unit, name, by_another=own):
        return texts.template_name_taken(name=name)
    return ""


def _domain_rows(turn: Turn, data: str, chosen: Sequence[str] = ()) -> Rows:
    """Return a button for every domain and one for each, or each chosen one; `data` leads to what they do."""
    every = [Button(label=texts.label_every_domain(), data=f"{data}{EVERY_DOMAIN}")]
    domains = [turn.city.domains[id] for id in chosen or turn.city.domains]
    buttons = [Button(label=each.name, data=f"{data}{each.id}") for each in domains]
    fitting = [button for button in buttons if cards.fits(button.data)]
    pairs = [fitting[start : start + 2] for start in range(0, len(fitting), 2)]
    return [every, *pairs, _drop_row()]


def _is_domain(turn: Turn, domain: str) -> bool:
    return domain == EVERY_DOMAIN or domain in turn.city.domains


async def choose_domain(turn: Turn, argument: str) -> None:
    """Take the domain of a new template in, and ask for its words."""
    kept = _kept(turn)
    if turn.chat.step != DOMAIN or "name" not in kept or not _is_domain(turn, argument):
        turn.say(texts.stale_button())
        return
    turn.chat.step = TEXT
    turn.chat.draft = {**turn.chat.draft, _KEPT: {**kept, "domain": argument}}
    turn.say(texts.ask_template_text(name=kept["name"]), buttons=[_drop_row()])


async def type_domain(turn: Turn, argument: str) -> None:
    """Find the domain whose name was typed, for a new template or one that changes."""
    kept, query = _kept(turn), turn.message.text.strip()
    names = {each.id: each.name for each in turn.city.domains.values()}
    found = unit_search.alike({EVERY_DOMAIN: texts.label_every_domain(), **names}, query)
    data = f"tplto:{kept['id']}:" if "id" in kept else "tpldomain:"
    if len(found) != 1:
        rows = _domain_rows(turn, data, [id for id in found if id != EVERY_DOMAIN])
        turn.say(texts.template_domain_unclear(query=query), buttons=rows)
    elif "id" in kept:
        await change_domain(turn, f"{kept['id']}:{found[0]}")
    else:
        await choose_domain(turn, found[0])


async def offer_domains(turn: Turn, argument: str) -> None:
    """Offer the domains that a template may be for."""
    found = await _writable(turn, argument)
    if found is not None and _begin(turn, DOMAIN, {"id": str(found.id)}):
        text = texts.ask_template_domain(name=found.name)
        turn.say(text, buttons=_domain_rows(turn, f"tplto:{found.id}:"))


async def change_domain(turn: Turn, argument: str) -> None:
    """Change which domain a template is for: `number:domain`."""
    number, _, domain = argument.partition(":")
    found = await _writable(turn, number)
    if found is None:
        return
    if _is_domain(turn, domain):
        await _change(turn, found, domain=domain)
    else:
        turn.say(texts.stale_button())


async def edit(turn: Turn, argument: str) -> None:
    """Ask for the words anew."""
    found = await _writable(turn, argument)
    if found is not None and _begin(turn, TEXT, {"id": str(found.id)}):
        turn.say(texts.ask_template_text(name=found.name), buttons=[_drop_row()])


async def write_text(turn: Turn, argument: str) -> None:
    """Take the words in, store them and show how they look."""
    kept, text = _kept(turn), filling.tidy(turn.message.text)
    if refusal := _refused_text(turn, text):
        turn.say(refusal, buttons=[_drop_row()])
        return
    text = filling.with_accents(text)
    if "id" not in kept:
        await _store(turn, kept, text)
        return
    found = await _writable(turn, kept["id"])
    if found is None:
        _stop(turn)
    else:
        await _change(turn, found, text=text)


def _refused_text(turn: Turn, text: str) -> str:
    if not text or turn.message.photos:
        return texts.template_words_please()
    if len(text) > LONGEST_TEXT:
        return texts.template_too_long(limit=LONGEST_TEXT)
    unknown = filling.unknown_fields(text)
    return texts.unknown_fields(names=list(dict.fromkeys(unknown))) if unknown else ""


async def _store(turn: Turn, kept: Mapping[str, str], text: str) -> None:
    """Store a new template, unless it may not be any more."""
    unit, name = kept.get("unit", ""), kept.get("name", "")
    _stop(turn)
    if unit not in _chairs(turn) or not name:
        turn.say(texts.template_gone())
    elif await templates.count_templates(turn.transaction, unit) >= MOST:
        turn.say(texts.template_limit(unit=cards.unit_name(turn.city, unit), limit=MOST))
    elif await templates.name_taken(turn.transaction, unit, name):
        turn.say(texts.template_name_taken(name=name))
    else:
        stored = templates.add_template(
            turn.transaction,
            unit_code=unit,
            domain=kept.get("domain", EVERY_DOMAIN),
            name=name,
            text=text,
            created_by=turn.person.id,
            now=turn.now,
        )
        _show(turn, stored, texts.template_saved(name=name))


async def _change(
    turn: Turn, template: Template, *, name: str = "", domain: str = "", text: str = ""
) -> None:
    """Store a change of a template and show it."""
    _stop(turn)
    new = {
        "name": name or template.name,
        "domain": domain or template.domain,
        "text": text or template.text,
    }
    templates.change_template(turn.transaction, template.id, **new, now=turn.now)
    changed = await templates.get_template(turn.transaction, template.id)
    assert changed is not None
    _show(turn, changed, texts.template_saved(name=changed.name))


# ── deleting ─────────────────────────────────────────────────────────────────────────────────────


async def ask_delete(turn: Turn, argument: str) -> None:
    """Ask before a template is deleted."""
    found = await _writable(turn, argument)
    if found is not None:
        turn.say(
            texts.confirm_delete_template(name=found.name),
            buttons=[
                [
                    Button(label=texts.label_delete_really(), data=f"tplgone:{found.id}"),
                    Button(label=texts.label_all_templates(), data="tpls:0"),
                ]
            ],
        )


async def delete(turn: Turn, argument: str) -> None:
    """Delete a template; answers that were written with it stay."""
    found = await _writable(turn, argument)
    if found is not None:
        templates.delete_template(turn.transaction, found.id)
        turn.say(
            texts.template_deleted(name=found.name),
            buttons=[[Button(label=texts.label_all_templates(), data="tpls:0")]],
        )


COMMANDS: dict[str, Handler] = {"/mau": show_list}
BUTTONS: dict[str, Handler] = {
    "tpls": show_list,
    "tpl": show,
    "tplnew": add,
    "tplname": rename,
    "tpldomain": choose_domain,
    "tplfor": offer_domains,
    "tplto": change_domain,
    "tpltext": edit,
    "tpldel": ask_delete,
    "tplgone": delete,
    "tpldrop": drop,
}
STEPS: dict[str, Handler] = {NAME: write_name, DOMAIN: type_domain, TEXT: write_text}
