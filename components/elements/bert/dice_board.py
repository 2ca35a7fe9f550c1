"""One draw of the dice on a text, stage by stage, and the shares of many draws as a tree."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/dice_board")


def dice_board(data: Mapping[str, Any], *, on_said: Callable[[], None]) -> None:
    """Draw the board; the stages (text, chosen, dice, losses) step in the browser.

    Trigger under the key ``dice_board``: ``said`` ({stage: 0 to 3, and if the reader threw: throws, seed}).

    Args:
        data: see ``components/shell/masking_page.py``, which builds it.
    """
    _mount(
        key="dice_board",
        data={**data, "words": labels("dice", mask=data["mask"]) | labels("stepper")},
        on_said_change=on_said,
    )
