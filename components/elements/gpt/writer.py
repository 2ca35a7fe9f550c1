"""The text being written, the candidates for its next token, and the choice between them."""

from collections.abc import Callable, Sequence
from typing import NotRequired, TypedDict

from components.elements.engine import ModelFiles
from components.elements.gpt.writer_fields import WriterFields
from components.elements.mount import element
from components.lm.gpt.written import Entry, StepDetails
from components.words import labels

_mount = element("gpt/writer")


class WriterModel(TypedDict):
    """What the line under the picture says of the model: its name, revision, and two numbers as they are shown."""

    model: str
    revision: str
    parameters: str
    vocab: str


Details = TypedDict("Details", {"from": int, "steps": Sequence[StepDetails]})
"""The candidates of some steps, of which the first is step ``from``."""


class WriterSteps(TypedDict):
    """A text and its steps: ``prompt`` what the model read, ``line`` what was written after it.

    ``open`` says that it can go on; ``stop`` why it ended; ``limit`` how many tokens the model can read, ``dropped`` how many of
    the beginning it did not. ``empty``: it began with nothing but the token ``begin`` (None: the one that ends a text).
    """

    prompt: Sequence[Entry]
    line: Sequence[Entry]
    details: Details
    open: bool
    stop: str | None
    limit: int
    dropped: int
    empty: bool
    begin: NotRequired[str | None]


class WriterFrame(WriterFields):
    """What stands around every text: ``step`` to begin with; ``english`` and ``korean`` for a model that reads nothing else."""

    step: int
    model: WriterModel
    english: bool
    korean: bool
    files: ModelFiles | None


class LocalWriter(WriterFrame):
    """What is sent where the browser computes the steps."""

    local: bool


class Writer(WriterFrame, WriterSteps):
    """What is sent where the steps come from here."""


def writer(data: Writer | LocalWriter, *, on_view: Callable[[], None], on_want: Callable[[], None]) -> None:
    """Draw the text and its steps; all stepping happens in the browser, and with a bundled model all computing.

    Triggers under the key ``writer``: ``view`` ({rev, state, browser, written}: where the reader is now, the name of the model
    that the browser computes with, or None, and the beginning of its text, {line, dropped, empty}), ``want`` ({until, step}:
    how many steps are asked for, beyond the known ones, and the one on screen). They are triggers and not state because a state value equal to the last one sent is not sent again,
    and Python moves the view too.

    Args:
        data: the state of the link, and the steps unless the browser computes them.
    """
    _mount(
        key="writer",
        data={**data, "words": labels("gpt") | labels("stepper") | labels("engine")},
        on_view_change=on_view,
        on_want_change=on_want,
    )
