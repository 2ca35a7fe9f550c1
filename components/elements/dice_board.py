"""One draw of the dice on a text, stage by stage, and the shares of many draws as a tree."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.shell.i18n import labels

_mount = element("dice_board")


def dice_board(
    data: Mapping[str, Any], *, on_throw: Callable[[], None], on_stage: Callable[[], None]
) -> None:
    """Draw the board; the stages (text, chosen, dice, losses) step in the browser.

    Triggers under the key ``dice_board``: ``throw`` (``again``, or a number of throws), ``stage`` (0 to 3).

    Args:
        data: see ``components/shell/masking_page.py``, which builds it.
    """
    _mount(
        key="dice_board",
        data={**data, "words": labels("dice") | labels("stepper")},
        on_throw_change=on_throw,
        on_stage_change=on_stage,
    )
