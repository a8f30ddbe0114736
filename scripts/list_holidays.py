"""Write down the public holidays of Viet Nam as the library `holidays` has them, for a quick start.

Run it after the library was raised: `.venv/bin/python scripts/list_holidays.py`.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from routing.deadline import HOLIDAYS_FILE, listed_holidays  # noqa: E402

COUNTRY = "VN"


def main() -> None:
    """Write the file anew."""
    found = listed_holidays(COUNTRY)
    HOLIDAYS_FILE.write_text(json.dumps({COUNTRY: found}) + "\n", encoding="utf-8")
    print(f"{HOLIDAYS_FILE.name}: {len(found['off'])} days off, {len(found['worked'])} worked instead")


if __name__ == "__main__":
    main()
