"""The beginning of a text and how its tokens are chosen, as fields that the browser keeps by itself."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from components.elements.mount import element
from components.words import labels

_mount = element("gpt/writer_fields")


class WriterFields(TypedDict):
    """The view of the link: ``state`` holds the values by key, ``params`` is what ``described`` of ``components/shell/links.py``
    says of them, ``rev`` is raised when Python moved them."""

    rev: int
    state: Mapping[str, object]
    params: Sequence[Mapping[str, object]]


def writer_fields(data: WriterFields) -> None:
    """Draw the fields of the writer. What they hold is the view that ``writer`` reports; they tell Python nothing.

    Args:
        data: what they begin with.
    """
    _mount(
        key="writer_fields", data={**data, "words": labels("gpt"), "too_long": labels("links")["too_long"]}
    )
