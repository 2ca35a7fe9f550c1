"""The beginning of a text and how its tokens are chosen, as fields that the browser keeps by itself."""

from collections.abc import Mapping
from typing import Any

from components.elements.mount import element
from components.words import labels

_mount = element("gpt/writer_fields")


def writer_fields(data: Mapping[str, Any]) -> None:
    """Draw the fields of the writer. What they hold is the view that ``writer`` reports; they tell Python nothing.

    Args:
        data: ``rev``, ``state`` (values by key) and ``params`` (see ``components/shell/links.py``, ``described``).
    """
    _mount(key="writer_fields", data={**data, "words": labels("gpt")})
