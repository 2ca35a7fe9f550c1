"""Zero-shot, one-shot, few-shot and fine-tuning as four boxes: what is given, what changes, for and against."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element

_mount = element("gpt/setting_boxes")


class SettingBox(TypedDict):
    """One setting: what is ``given``, the text read, whether weights change, their digests before and after, what speaks
    for and against it, and (label, value) measured on this model."""

    name: str
    title: str
    given: str
    prompt: str
    changes: bool
    before: str
    after: str
    pros: list[str]
    cons: list[str]
    numbers: list[tuple[str, str]]


def setting_boxes(boxes: Sequence[SettingBox], *, words: Mapping[str, str], key: str) -> None:
    """Draw the boxes.

    Args:
        boxes: in the order of the course.
        words: labels of the element.
        key: the element's key in the session.
    """
    _mount(key=key, data={"boxes": list(boxes), "words": dict(words)})
