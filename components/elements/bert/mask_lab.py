"""A sentence whose tokens can be hidden by clicking, with the model's guesses for each."""

from collections.abc import Callable, Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("bert/mask_lab")


def mask_lab(data: Mapping[str, Any], *, on_blanks: Callable[[], None]) -> None:
    """Draw the sentence and one card per open blank.

    Trigger under the key ``mask_lab``: ``blanks`` ({hidden: positions in the order clicked, filled: position and
    token id alternating}), always the whole state, so that a lost message cannot leave the two sides apart.

    Args:
        data: see ``components/shell/masking_page.py``, which builds it.
    """
    _mount(
        key="mask_lab", data={**data, "words": labels("mlm", mask=data["mask"])}, on_blanks_change=on_blanks
    )
