"""The wards' borders, as an operator brings them in."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from routing.place import read_border_file

RING = [[105.80, 20.98], [105.82, 20.98], [105.82, 21.0], [105.80, 21.0], [105.80, 20.98]]


def feature(**properties: Any) -> dict[str, Any]:
    return {"properties": properties, "geometry": {"type": "Polygon", "coordinates": [RING]}}


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    environment = {"LANGNGHE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/city.db"}

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(word) for word in words], environment=environment)
        return status, "".join(capsys.readouterr())

    return run


def write(path: Path, *features: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_borders_are_imported_shown_and_cleared(shell: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "wards.geojson", feature(ten_xa="Phường Khương Đình"))
    shell("init", "--province", "Hà Nội")
    assert "No borders were imported" in shell("places", "show")[1]
    status, said = shell("places", "import", file)
    assert status == 0
    assert "1 wards of Hà Nội have their borders now" in said
    assert "125 wards have none" in said
    assert "Phường Láng" in said
    assert shell("places", "import", file) == (status, said)
    shown = json.loads(shell("places", "show", "--json")[1])
    assert shown["wards_with_borders"] == 1
    assert len(shown["without"]) == 125
    assert shell("places", "clear")[0] == 0
    assert "No borders were imported" in shell("places", "show")[1]


def test_a_bad_file_changes_nothing_and_every_bad_feature_is_named(shell: Any, tmp_path: Path) -> None:
    shell("init", "--province", "Hà Nội")
    shell("places", "import", write(tmp_path / "good.geojson", feature(name="Phường Khương Đình")))
    bad = write(tmp_path / "bad.geojson", feature(name="Phường Láng"), feature(name="Phường Xyzt"), feature())
    status, said = shell("places", "import", bad)
    assert status == 1
    assert "feature 2: no ward of the city is called 'Phường Xyzt'" in said
    assert "feature 3: neither a ward's name nor its code" in said
    assert "2 problems; nothing was changed." in said
    assert json.loads(shell("places", "show", "--json")[1])["wards_with_borders"] == 1


def test_a_file_with_fewer_wards_says_what_is_dropped(shell: Any, tmp_path: Path) -> None:
    shell("init", "--province", "Hà Nội")
    wards = [feature(name=f"Phường {name}") for name in ("Khương Đình", "Phương Liệt", "Láng")]
    assert "dropped" not in shell("places", "import", write(tmp_path / "three.geojson", *wards))[1]
    status, said = shell("places", "import", write(tmp_path / "one.geojson", wards[0]))
    assert status == 0
    assert "Of the 3 borders before, 1 were replaced and 2 dropped, for the file does not hold them." in said
    more = write(tmp_path / "two.geojson", *wards[:2])
    assert "dropped" not in shell("places", "import", more)[1]


def test_nobody_waits_for_the_database_while_a_file_is_read(
    shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_while_another_writes(document: Any, *, province: str) -> Any:
        database = sqlite3.connect(tmp_path / "city.db", timeout=0)
        with database:
            database.execute("UPDATE setting SET name = name")
        database.close()
        return read_border_file(document, province=province)

    shell("init", "--province", "Hà Nội")
    monkeypatch.setattr("routing.place.read_border_file", read_while_another_writes)
    status, said = shell(
        "places", "import", write(tmp_path / "good.geojson", feature(name="Phường Khương Đình"))
    )
    assert (status, "1 wards of Hà Nội have their borders now" in said) == (0, True)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[" * 100_000])
def test_what_is_not_json_is_refused(shell: Any, tmp_path: Path, content: bytes) -> None:
    shell("init", "--province", "Hà Nội")
    file = tmp_path / "broken.geojson"
    file.write_bytes(content)
    status, said = shell("places", "import", file)
    assert (status, "not JSON" in said) == (1, True)


def test_a_missing_file_and_a_missing_city_are_told(shell: Any, tmp_path: Path) -> None:
    assert "no city yet" in shell("places", "show")[1]
    shell("init", "--province", "Hà Nội")
    assert "No such file" in shell("places", "import", tmp_path / "nothing.geojson")[1]
