"""Zero-shot, one-shot, few-shot and fine-tuning as four boxes: what is given, what changes, for and against."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.elements.mount import element

_mount = element("gpt/setting_boxes")


def setting_boxes(boxes: Sequence[Mapping[str, Any]], *, words: Mapping[str, str], key: str) -> None:
    """Draw the boxes.

    Args:
        boxes: name, title, given, prompt, changes (whether weights move), before and after (digests), pros, cons, and
            numbers as (label, value).
        words: labels of the element.
        key: the element's key in the session.
    """
    _mount(key=key, data={"boxes": list(boxes), "words": dict(words)})
