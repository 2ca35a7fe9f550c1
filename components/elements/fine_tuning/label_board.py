"""Sentences to label by hand."""

import contextlib
from collections.abc import Callable, Mapping, Sequence

from components.elements.mount import element
from components.elements.view import members, whole
from components.words import labels as words_of

_mount = element("fine_tuning/label_board")


def label_board(
    sentences: Sequence[Sequence[str]],
    labels: Sequence[Sequence[int]],
    tags: Sequence[str],
    *,
    rev: int,
    key: str,
    on_view: Callable[[], None],
) -> None:
    """Draw the sentences; what the reader labels stands in the session under ``key``, see :func:`labelled`.

    Args:
        sentences: the words of each.
        labels: a tag for each word, as its place in ``tags``; taken over when ``rev`` changes.
        tags: their names, nothing first.
        rev: raised when Python moved the labels.
        key: the element's key in the session.
        on_view: told when a word got another label, before the page runs again.
    """
    _mount(
        key=key,
        data={
            "sentences": [list(line) for line in sentences],
            "labels": [list(line) for line in labels],
            "tags": list(tags),
            "rev": rev,
            "words": words_of("tasks_board") | words_of("label_board"),
        },
        on_view_change=on_view,
    )


def labelled(
    value: object, sentences: Sequence[Sequence[str]], tags: int, rev: int
) -> list[list[int]] | None:
    """Return the labels a browser reports under this ``rev``, or None if it reports none of these sentences."""
    if isinstance(value, Mapping) and value.get("rev") == rev:
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            found = [[whole(tag) for tag in members(line)] for line in members(value["labels"])]
            fits = [len(a) == len(b) for a, b in zip(found, sentences, strict=True)]
            if all(fits) and all(0 <= tag < tags for line in found for tag in line):
                return found
    return None
