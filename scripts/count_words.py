"""Count in how many lines of the corpus each word stands: how much a shared word tells of two reports.

Run it after the corpus has grown a lot: `.venv/bin/python scripts/count_words.py`.
"""

import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from routing.corpus import sources  # noqa: E402
from routing.similarity import COUNTS_FILE, FEWEST_LINES, bare_words  # noqa: E402


def main() -> None:
    """Write the counts, the commonest word first; words of fewer lines count as unknown."""
    texts = [source.text for source in sources("domains")]
    counted = Counter(word for text in texts for word in set(bare_words(text)))
    kept = {word: lines for word, lines in counted.most_common() if lines >= FEWEST_LINES}
    written = json.dumps({"lines": len(texts), "words": kept}, ensure_ascii=False)
    COUNTS_FILE.write_text(written + "\n", encoding="utf-8")
    print(f"{COUNTS_FILE.name}: {len(kept)} words of {len(texts)} lines")


if __name__ == "__main__":
    main()
