"""Write routing/data/divided_wards.json: how much of each divided former ward lies in each of today's.

Run after scripts/build_places.py: python -m scripts.estimate_shares
"""

import json

from routing.places.gazetteer import SHARES_FILE, gazetteer
from routing.places.shares import estimate_shares

NOTE = (
    "Estimated shares of today's wards in each former ward that was divided, in the order of its successors "
    "in places.json; each row: index there, name, shares. Made by scripts/estimate_shares.py."
)


def main() -> None:
    """Write the file, one row a line so that differences stay readable."""
    places = gazetteer()
    divided = [index for index, wards in enumerate(places.successors) if len(wards) > 1]
    rows = []
    for index in divided:
        shares = estimate_shares(index)
        if shares is not None:
            rows.append([index, places.former[index].name, [round(share, 3) for share in shares]])
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    SHARES_FILE.write_text(f'{{"note":"{NOTE}",\n"wards":[\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{len(rows)} of {len(divided)} divided wards")


if __name__ == "__main__":
    main()
