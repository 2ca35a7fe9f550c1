"""ALBERT's two levers on one drawing to scale: the width of the embedding, and what the layers share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from components.elements.mount import element
from components.lm.bert.albert import HEADS, LAYERS, VOCABULARY, WIDTH, Cost
from components.lm.transformer.model_size import SHARED
from components.words import labels

_mount = element("bert/albert_levers")


def albert_levers(
    costs: Mapping[str, Mapping[int, Cost]],
    *,
    embedding: int,
    shared: str,
    embeddings: Sequence[int],
    seconds: Sequence[float] | None,
    measured: tuple[int, str] | None,
    rev: int,
    on_levers: Callable[[], None],
) -> None:
    """Draw the model; both levers move in the browser.

    Trigger under the key ``albert_levers``: ``levers``, {"embedding", "shared"}.

    Args:
        costs: sharing -> width of the embedding -> what it costs.
        seconds: measured seconds of a pass of BERT's setting and of ``measured``, or None before there are any.
        measured: the setting that was measured.
        rev: raised when a link moved the state; the element then follows ``embedding`` and ``shared``.
    """
    _mount(
        key="albert_levers",
        data={
            "rev": rev,
            "embedding": embedding,
            "shared": shared,
            "embeddings": list(embeddings),
            "sharings": list(SHARED),
            "costs": {
                name: {str(width): asdict(cost) for width, cost in by_width.items()}
                for name, by_width in costs.items()
            },
            "V": VOCABULARY,
            "H": WIDTH,
            "layers": LAYERS,
            "heads": HEADS,
            "seconds": list(seconds) if seconds else None,
            "measured": list(measured) if measured else None,
            "words": labels("albert"),
        },
        on_levers_change=on_levers,
    )
