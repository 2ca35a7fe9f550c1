"""Ten rounds of "does B follow A?": the class votes, then the model answers."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/next_rounds")


def next_rounds(data: Mapping[str, Any], *, on_votes: Callable[[], None]) -> None:
    """Draw the rounds; votes are taken in the browser, before anything of the answer is shown.

    Trigger under the key ``next_rounds``: ``votes`` ({round, votes: 1 for IsNext, 0 for NotNext}), the whole state.

    Args:
        data: see ``components/shell/next_page.py``, which builds it.
    """
    _mount(key="next_rounds", data={**data, "words": labels("nsp")}, on_votes_change=on_votes)
