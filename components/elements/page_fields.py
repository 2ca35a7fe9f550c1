"""What a reader types or chooses for a page, as fields that the browser keeps by itself."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from components.elements.mount import element
from components.words import labels, t

_mount = element("page_fields")


class Field(TypedDict):
    """One field: a text of at most ``high`` characters, a number from ``low`` to ``high``, one of ``options`` as (value, name),
    or a ``flag`` that is on or off. A number is whole, or has two decimals where ``step`` is not 1.

    ``key`` is its parameter in the link and ``wide`` its share of the row; ``lines`` above 1 make it a box; ``resets`` are
    values of other parameters that a change takes along, because they meant something in what stood here before.
    """

    key: str
    label: str
    wide: float
    low: NotRequired[float]
    high: NotRequired[float]
    step: NotRequired[float]
    options: NotRequired[list[tuple[str, str]]]
    help: NotRequired[str]
    placeholder: NotRequired[str]
    lines: NotRequired[int]
    flag: NotRequired[bool]
    resets: NotRequired[Mapping[str, object]]


def page_fields(
    view: str,
    rev: int,
    state: Mapping[str, object],
    fields: Sequence[Field],
    *,
    name: str = "",
    closed: str = "",
) -> None:
    """Draw the fields. What they hold is the view that another element of the page reports; they tell Python nothing.

    Args:
        view: the name that the elements of the page share (``lib/view.js``).
        rev: raised by Python when it moved the view.
        state: values by key.
        fields: in their order.
        name: tells several groups of fields of one view apart.
        closed: the title under which the fields stand folded; empty for those that are always in sight.
    """
    _mount(
        key=f"{name or view}-fields",
        data={
            "view": view,
            "rev": rev,
            "state": dict(state),
            "fields": list(fields),
            "closed": closed,
            "apply": [t("fields", "enter"), t("fields", "ctrl_enter")],
            "too_long": labels("links")["too_long"],
        },
    )
