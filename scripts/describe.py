"""Keep the list of files in docs/architecture.md true: each file's line is the first line of its docstring.

`python scripts/describe.py` writes it; a test fails when it is out of date.
"""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
START, END = "<!-- files: written by scripts/describe.py -->\n", "<!-- end of files -->\n"
FOLDERS = ("bot", "handlers", "storage", "routing", "migrations", "benchmarks", "scripts", "tests")


def describe() -> str:
    """Return a section for each folder, a row for each file in it."""
    lines: list[str] = []
    for folder in FOLDERS:
        lines += [f"\n### {folder}/\n", "| file | |", "|---|---|"]
        for path in tracked(folder):
            if summary := first_line(ROOT / path):
                lines.append(f"| `{path.removeprefix(folder + '/')}` | {summary} |")
    return "\n".join(lines) + "\n\n"


def tracked(folder: str) -> list[str]:
    """Return the files of a folder that belong to the project, new ones included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(path for path in set(listed.splitlines()) if (ROOT / path).is_file())


def first_line(path: Path) -> str:
    """Return what a Python module or a script says of itself in its first line; empty for other files."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".py":
        documentation = ast.get_docstring(ast.parse(text)) or ""
        return documentation.split("\n")[0].replace("|", "\\|")
    lines = text.splitlines()
    return lines[1].removeprefix("# ") if lines and lines[0].startswith("#!") else ""


def page() -> str:
    """Return the page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(START) + len(START)] + describe() + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
