"""Where the adapter gets its access token from."""

from typing import Protocol


class Tokens(Protocol):
    """The access token of the Official Account, renewed in good time by one process at a time."""

    async def access(self) -> str:
        """Return a token that should be good; raises Misconfigured (`for_all`) when there is none."""
        ...

    async def renewed(self, refused: str) -> str:
        """Return another token than the one that the vendor just refused.

        Raises Misconfigured (`for_all`) when only a new consent helps, Unavailable when another try may.
        """
        ...
