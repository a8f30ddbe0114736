"""Keep the list of log lines in docs/logs.md true: every `action` that the program can log, from its source.

`python -m scripts.describe_logs` writes it; a test fails when it is out of date.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "logs.md"
START, END = "<!-- actions: written by scripts/describe_logs.py -->\n", "<!-- end of actions -->\n"
FLOORS = ("bot", "handlers", "storage", "routing")
LOGGERS = ("log", "logger")
_MENTIONED = re.compile(rf"\b(?:{'|'.join(LOGGERS)}|get_logger)\b")
LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "log")
_NOT_TOLD = ("action", "exc_info", "extra")


class Unclear(Exception):
    """A log call whose action or sentence does not stand in the call itself."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that logs: where, how grave, its actions, its sentences, the further fields of its line."""

    where: str
    level: str
    actions: tuple[str, ...]
    sentences: tuple[str, ...]
    fields: tuple[str, ...]


def calls() -> Iterator[Call]:
    """Yield every call of the program that logs. Raises Unclear."""
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if _MENTIONED.search(source):
                yield from calls_of(str(path.relative_to(ROOT)), source)


def calls_of(path: str, source: str) -> Iterator[Call]:
    """Yield those of one module. Raises Unclear."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and (level := _level(node.func)):
            yield _read(node, level, f"{path}:{node.lineno}")


def _level(called: ast.expr) -> str:
    if not isinstance(called, ast.Attribute) or called.attr not in LEVELS:
        return ""
    name = called.value.func if isinstance(called.value, ast.Call) else called.value
    known = name.id if isinstance(name, ast.Name) else name.attr if isinstance(name, ast.Attribute) else ""
    return called.attr if known in (*LOGGERS, "get_logger") else ""


def _read(node: ast.Call, level: str, where: str) -> Call:
    arguments = node.args[1:] if level == "log" else node.args
    keywords = {each.arg: each.value for each in node.keywords if each.arg}
    more = keywords.get("extra")
    extra = _entries(more) if isinstance(more, ast.Dict) else {}
    action = keywords.get("action", extra.get("action"))
    if action is None or not arguments:
        raise Unclear(f"{where}: no action")
    return Call(
        where=where,
        level="warning" if level == "log" else level,
        actions=_constants(action, where),
        sentences=_constants(arguments[0], where),
        fields=tuple(name for name in (*keywords, *extra) if name not in _NOT_TOLD),
    )


def _entries(node: ast.Dict) -> dict[str, ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def _constants(node: ast.expr, where: str) -> tuple[str, ...]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.IfExp):
        return _constants(node.body, where) + _constants(node.orelse, where)
    raise Unclear(f"{where}: not a text that stands there")


def table() -> str:
    """Return a row for each action."""
    found: dict[str, list[Call]] = {}
    for call in calls():
        for action in call.actions:
            found.setdefault(action, []).append(call)
    rows = [_row(action, found[action]) for action in sorted(found)]
    return "\n".join(["| action | level | says | with |", "|---|---|---|---|", *rows]) + "\n"


def _row(action: str, among: list[Call]) -> str:
    levels = sorted({call.level for call in among})
    sentences = [_sentence(each) for call in among for each in _said(action, call)]
    fields = sorted({name for call in among for name in call.fields})
    told = "<br>".join(dict.fromkeys(sentences))
    return f"| `{action}` | {', '.join(levels)} | {told} | {', '.join(fields)} |"


def _said(action: str, call: Call) -> tuple[str, ...]:
    """Return the sentences that go with an action: its own, where a call chooses both by one condition."""
    if len(call.actions) == len(call.sentences):
        return (call.sentences[call.actions.index(action)],)
    return call.sentences


def _sentence(text: str) -> str:
    text = text.replace("%s", "…").replace("%r", "…").replace("%.0f", "…").replace("|", "\\|").strip()
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "?", "…")) else ".")


def page() -> str:
    """Return the page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(START) + len(START)] + table() + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
