"""Writes `deploy/grafana.json`: an operator's board, a row for each question, a panel for each answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BOARD = Path(__file__).resolve().parent.parent / "deploy/grafana.json"
SOURCE = {"type": "prometheus", "uid": "${source}"}
WIDTH = 24

Target = tuple[str, str]
"""A query and the words of its line."""


def rate(name: str, by: str = "") -> str:
    """Return how often something happens a second."""
    return f"sum{f' by ({by})' if by else ''} (rate({name}[$__rate_interval]))"


def quantile(share: float, name: str, by: str = "") -> str:
    """Return what so large a share takes at most."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({name}_bucket[$__rate_interval])))"


def both(name: str) -> tuple[Target, ...]:
    """Return the middle and the slowest of something."""
    return (quantile(0.5, name), "half"), (quantile(0.99, name), "99 of 100")


LATE_ANSWERS = 'max(langnghe_answers{result="late"}) / clamp_min(sum(max by (result) (langnghe_answers)), 1)'
TO_DISPATCHERS = (
    'sum(rate(langnghe_readings_total{triage="yes"}[1h])) / sum(rate(langnghe_readings_total[1h]))'
)
ROWS: tuple[tuple[str, tuple[tuple[str, str, tuple[Target, ...], dict[str, Any]], ...]], ...] = (
    (
        "Is it well?",
        (
            ("Ready", "stat", (("min(langnghe_ready)", "all processes"),), {"steps": [0, 1], "rising": True}),
            (
                "Oldest that waits",
                "stat",
                (("max(langnghe_oldest_seconds)", "seconds"),),
                {"unit": "s", "steps": [60, 600]},
            ),
            (
                "Set aside",
                "stat",
                (("max(langnghe_inbox_dead)", "updates"), ("max(langnghe_outbox_dead)", "messages")),
                {"steps": [1, 20]},
            ),
            (
                "Things wrong with channels",
                "stat",
                (("max(langnghe_channel_ailments)", "things"),),
                {"steps": [1, 3]},
            ),
            (
                "Last backup",
                "stat",
                (("time() - max(langnghe_backup_timestamp_seconds)", "ago"),),
                {"unit": "s", "steps": [36 * 3600, 8 * 86400]},
            ),
            (
                "Late answers, 30 days",
                "stat",
                (
                    (
                        LATE_ANSWERS,
                        "share",
                    ),
                ),
                {"unit": "percentunit", "steps": [0.05, 0.2]},
            ),
        ),
    ),
    (
        "Queues",
        (
            (
                "Waiting",
                "timeseries",
                (("max(langnghe_inbox_waiting)", "updates"), ("max(langnghe_outbox_waiting)", "messages")),
                {},
            ),
            (
                "Age of the oldest",
                "timeseries",
                (
                    ("max(langnghe_inbox_oldest_seconds)", "updates"),
                    ("max(langnghe_outbox_oldest_seconds)", "messages"),
                ),
                {"unit": "s", "steps": [60, 600]},
            ),
            ("Held until somebody writes", "timeseries", (("max(langnghe_outbox_held)", "messages"),), {}),
            (
                "Set aside",
                "timeseries",
                (("max(langnghe_inbox_dead)", "updates"), ("max(langnghe_outbox_dead)", "messages")),
                {"steps": [1, 20]},
            ),
        ),
    ),
    (
        "Turns",
        (
            (
                "Turns",
                "timeseries",
                ((rate("langnghe_turns_total", "result"), "{{result}}"),),
                {"unit": "ops"},
            ),
            (
                "From receipt to answer",
                "timeseries",
                both("langnghe_turn_seconds"),
                {"unit": "s", "steps": [1, 10]},
            ),
            ("Transaction of a batch", "timeseries", both("langnghe_turn_commit_seconds"), {"unit": "s"}),
            ("Turns in a batch", "timeseries", both("langnghe_turn_batch"), {}),
            (
                "Updates stored",
                "timeseries",
                ((rate("langnghe_received_total", "channel"), "{{channel}}"),),
                {"unit": "ops"},
            ),
            (
                "Acknowledgement",
                "timeseries",
                ((quantile(0.99, "langnghe_acknowledgement_seconds", "channel"), "{{channel}}, 99 of 100"),),
                {"unit": "s", "steps": [0.5, 2]},
            ),
            ("Updates in a commit", "timeseries", both("langnghe_receipt_batch"), {}),
        ),
    ),
    (
        "Sending",
        (
            (
                "Sent",
                "timeseries",
                ((rate("langnghe_sends_total", "channel, result"), "{{channel}}: {{result}}"),),
                {"unit": "ops"},
            ),
            (
                "How long vendors take",
                "timeseries",
                ((quantile(0.99, "langnghe_send_seconds", "channel"), "{{channel}}, 99 of 100"),),
                {"unit": "s", "steps": [5, 15]},
            ),
            (
                "What is wrong with channels",
                "table",
                (("max by (channel, what) (langnghe_channel_ailment)", ""),),
                {},
            ),
        ),
    ),
    (
        "The machine's reading",
        (
            (
                "How sure it is",
                "timeseries",
                (
                    (quantile(0.1, "langnghe_reading_confidence"), "the least sure tenth"),
                    (quantile(0.5, "langnghe_reading_confidence"), "half"),
                ),
                {"unit": "percentunit"},
            ),
            (
                "Sent to dispatchers",
                "timeseries",
                (
                    (
                        TO_DISPATCHERS,
                        "share",
                    ),
                ),
                {"unit": "percentunit", "steps": [0.2, 0.4]},
            ),
        ),
    ),
    (
        "The city",
        (
            ("Open cases", "timeseries", (("max by (state) (langnghe_cases)", "{{state}}"),), {}),
            ("Answers of 30 days", "timeseries", (("max by (result) (langnghe_answers)", "{{result}}"),), {}),
            (
                "Faults of rules",
                "timeseries",
                (("max(langnghe_broken_rules)", "lead nowhere"),),
                {"steps": [1, 5]},
            ),
            (
                "Requests about one's own data",
                "timeseries",
                (("max by (state) (langnghe_privacy_requests)", "{{state}}"),),
                {},
            ),
            (
                "Sealed",
                "timeseries",
                (("time() - max(langnghe_sealed_timestamp_seconds > 0)", "ago"),),
                {"unit": "s", "steps": [2 * 86400, 4 * 86400]},
            ),
        ),
    ),
    (
        "Processes",
        (
            ("Ready, by process", "timeseries", (("langnghe_ready", "{{instance}}"),), {}),
            ("Memory", "timeseries", (("process_resident_memory_bytes", "{{instance}}"),), {"unit": "bytes"}),
            (
                "Processor",
                "timeseries",
                (("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}"),),
                {"unit": "percentunit"},
            ),
            (
                "How late the event loop is",
                "timeseries",
                ((quantile(0.99, "langnghe_loop_lag_seconds", "instance"), "{{instance}}, 99 of 100"),),
                {"unit": "s", "steps": [0.1, 1]},
            ),
            ("Connections in use", "timeseries", (("langnghe_database_connections", "{{instance}}"),), {}),
            ("Open pages", "timeseries", (("langnghe_web_sockets", "{{instance}}"),), {}),
            (
                "Free space",
                "timeseries",
                (("min by (of) (langnghe_disk_free_bytes)", "{{of}}"),),
                {"unit": "bytes", "steps": [256 * 1024**2, 2 * 1024**3], "rising": True},
            ),
            (
                "Jobs of the clock: since the last success",
                "timeseries",
                (("time() - max by (job) (langnghe_clock_success_timestamp_seconds)", "{{job}}"),),
                {"unit": "s"},
            ),
            (
                "Jobs of the clock: how long",
                "timeseries",
                ((quantile(0.99, "langnghe_clock_seconds", "job"), "{{job}}"),),
                {"unit": "s"},
            ),
            (
                "Jobs of the clock: failures",
                "timeseries",
                ((rate("langnghe_clock_failures_total", "job"), "{{job}}"),),
                {"unit": "ops"},
            ),
            ("Which program", "table", (("max by (version, step, instance) (langnghe_build_info)", ""),), {}),
        ),
    ),
)


def board() -> dict[str, Any]:
    """Return the whole board as Grafana imports it (schema 39)."""
    return {
        "uid": "langnghe",
        "title": "Lắng Nghe",
        "tags": ["langnghe"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "Asia/Ho_Chi_Minh",
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                    "refresh": 1,
                }
            ]
        },
        "panels": list(_panels()),
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in ROWS:
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": _at(0, top, WIDTH, 1),
        }
        number, top = number + 1, top + 1
        width, height = (4, 5) if panels[0][1] == "stat" else (8, 8)
        for place, (name, kind, targets, options) in enumerate(panels):
            left, below = place * width % WIDTH, place * width // WIDTH * height
            yield _panel(number, name, kind, targets, options, _at(left, top + below, width, height))
            number += 1
        top += -(-len(panels) * width // WIDTH) * height


def _at(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(
    number: int,
    name: str,
    kind: str,
    targets: tuple[Target, ...],
    options: dict[str, Any],
    at: dict[str, int],
) -> dict[str, Any]:
    table = {"instant": True, "format": "table"} if kind == "table" else {}
    return {
        "id": number,
        "type": kind,
        "title": name,
        "datasource": SOURCE,
        "gridPos": at,
        "targets": [
            {"refId": chr(65 + place), "datasource": SOURCE, "expr": query, "legendFormat": words, **table}
            for place, (query, words) in enumerate(targets)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": options.get("unit", "short"),
                "thresholds": {"mode": "absolute", "steps": _steps(options)},
                **(
                    {"custom": {"thresholdsStyle": {"mode": "dashed"}}}
                    if "steps" in options and kind == "timeseries"
                    else {}
                ),
            },
            "overrides": [],
        },
        "options": {"colorMode": "background", "reduceOptions": {"calcs": ["lastNotNull"]}}
        if kind == "stat"
        else {},
    }


def _steps(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Return from which values on which colour holds; `rising`: more is better."""
    if "steps" not in options:
        return [{"color": "green", "value": None}]
    first, second = options["steps"]
    colours = ("red", "orange", "green") if options.get("rising") else ("green", "orange", "red")
    return [
        {"color": colour, "value": value}
        for colour, value in zip(colours, (None, first, second), strict=True)
    ]


def written() -> str:
    """Return the board as the file holds it."""
    return json.dumps(board(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    BOARD.write_text(written(), encoding="utf-8")
