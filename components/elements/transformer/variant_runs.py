"""Recorded runs of variants of one model: shares along training, shares by group, and what each writes."""

from collections.abc import Mapping
from typing import Any

from components.elements.mount import element
from components.words import language

_mount = element("transformer/variant_runs")


def variant_runs(data: Mapping[str, Any], *, key: str) -> None:
    """Draw the runs. Shares are in 0…1.

    Args:
        data: ``title``, ``text``, ``source``; ``charts``, each with a ``title`` and either ``lines`` (``name`` and
            ``points``: symbols seen, share) or ``groups`` (``labels``, and ``bars`` with ``name``, ``shares`` and
            ``titles``); ``table`` with ``title``, ``head`` and ``rows``.
        key: the element's key in the session.
    """
    _mount(key=key, data={**data, "lang": language(), "key": key})
