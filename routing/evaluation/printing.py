"""The figures of an evaluation as lines of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SECTIONS = ("clean", "messy", "typing", "kind", "ward", "ward_messy", "two_readers", "machine")
_HIDDEN = ("judged",)


def report(figures: Mapping[str, Any]) -> str:
    """Return the figures as lines of text."""
    lines = [f"model {figures['model_version']}, {figures['cases']} cases"]
    for section in _SECTIONS:
        if figures.get(section):
            lines += ["", section.replace("_", " "), *_section(figures[section])]
    return "\n".join(lines)


def _section(figures: Mapping[str, Any], indent: str = "  ") -> list[str]:
    lines: list[str] = []
    for name, value in figures.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if name in _HIDDEN or value is None:
            continue
        if name in _TABLES:
            lines += [f"{label}:", *(f"{indent}  {row}" for row in _TABLES[name](value))]
        elif isinstance(value, Mapping) and "value" in value:
            lines.append(f"{label}: {_figure(value)}")
        elif isinstance(value, Mapping):
            lines += [f"{label}:", *_section(value, indent + "  ")]
        else:
            lines.append(f"{label}: {value}")
    return lines


def _figure(value: Mapping[str, Any]) -> str:
    low, high = value["interval"]
    return f"{value['value']:.3f} ({low:.3f}–{high:.3f}, n={value['count']})"


def _coverage(curve: Sequence[Mapping[str, float]]) -> list[str]:
    return [
        f"{one['covered']:>4.0%} surest: {one['accuracy']:.3f} right, sure from {one['confidence_from']:.2f}"
        for one in curve
    ]


def _worst(labels: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{one['label']}: F1 {one['f1']:.2f} of {one['count']}" for one in labels]


def _confusion(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each true label: how many are right, and what the others were read as."""
    truths = sorted({one["truth"] for one in pairs})
    return [_row(truth, [one for one in pairs if one["truth"] == truth]) for truth in truths]


def _row(truth: str, pairs: Sequence[Mapping[str, Any]]) -> str:
    count = sum(one["count"] for one in pairs)
    right = sum(one["count"] for one in pairs if one["said"] == truth)
    wrong = ", ".join(f"{one['said']} {one['count']}" for one in pairs if one["said"] != truth)
    return f"{truth:<16}{right:>3} of {count:<4}" + (f" else read as {wrong}" if wrong else "")


_TABLES: Mapping[str, Callable[[Any], list[str]]] = {
    "coverage": _coverage,
    "worst": _worst,
    "confusion": _confusion,
}
