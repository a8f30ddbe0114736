"""What a bot under test does with a text: the real reading, or nothing, the same for all of them."""

from collections.abc import Callable, Sequence

from routing.understanding import Reading, Understanding


def reader(real: bool) -> Callable[[str], object]:
    """Return a function that reads one text."""
    if not real:
        return lambda text: None
    understanding = Understanding.load()
    return lambda text: understanding.read(text, province="ha-noi")


class OneReading(Understanding):
    """A reading made once and given for every text: the machinery alone is measured."""

    def __init__(self, example: Reading) -> None:
        self._example = example

    def read(self, text: str, *, province: str | None) -> Reading:
        """Return the one reading."""
        return self._example

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        """Return the one reading for each."""
        return [self._example] * len(texts)
