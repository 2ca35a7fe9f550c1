"""Instruction, input and output, and the one row of text that a template makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from components.elements.mount import element
from components.elements.view import Whole, placed

_mount = element("alignment/template_board")


@dataclass(frozen=True)
class TemplateView:
    """Which template is shown, from 0."""

    template: int


class Template(TypedDict):
    """``parts``: (field or "", text) in the order of the row; the parts of the field ``output`` are what is learned."""

    name: str
    parts: Sequence[tuple[str, str]]


def template_board(
    fields: Sequence[tuple[str, str]],
    templates: Sequence[Template],
    view: TemplateView,
    *,
    words: Mapping[str, str],
    rev: int,
    key: str,
) -> TemplateView:
    """Draw the fields and the row of the chosen template.

    Args:
        fields: (``instruction``, ``input`` or ``output``, its text, which may be empty).
        templates: at least one.
        view: the state of the link; the element follows it when ``rev`` changes.
        words: labels of the element.
        rev: raised when Python moved the state.
        key: the element's key in the session.
    """
    data = {"fields": list(fields), "templates": list(templates), "words": dict(words)}
    return placed(_mount, data, view, {"template": Whole(0, len(templates) - 1)}, rev=rev, key=key)
