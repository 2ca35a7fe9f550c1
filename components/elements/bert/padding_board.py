"""Texts padded to one length, with an attention mask whose digits can be flipped."""

from collections.abc import Mapping, Sequence

from components.elements.mount import element
from components.elements.view import members, whole
from components.lm.bert.embeddings import PaddedBatch

_mount = element("bert/padding_board")
Flips = tuple[tuple[int, int], ...]


def asked_flips(held: Mapping[str, object] | None, otherwise: Flips, text: str, rev: int) -> Flips:
    """Return the flips the reader has made since ``rev`` (asked before the board is drawn), or ``otherwise``.

    ``held`` is what the session holds for the key of the board.
    """
    value = held.get("flips") if held is not None else None
    if not isinstance(value, Mapping) or value.get("rev") != rev or value.get("id") != text:
        return otherwise
    try:
        pairs = {tuple(map(whole, members(pair))) for pair in members(value["flips"])}
        return tuple(sorted((a, b) for a, b in pairs))[:64]
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise


def padding_board(
    batch: PaddedBatch,
    flips: Sequence[tuple[int, int]],
    *,
    text: str,
    words: Mapping[str, str],
    rev: int,
    key: str,
) -> None:
    """Draw the batch; ``text`` names the texts, so that flips made on others are forgotten."""
    _mount(
        key=key,
        data={
            "tokens": [list(row) for row in batch.tokens],
            "mask": batch.attention_mask.tolist(),
            "real": batch.real.tolist(),
            "change": batch.change.tolist(),
            "largest": batch.largest.tolist(),
            "flips": [list(flip) for flip in flips],
            "id": text,
            "rev": rev,
            "words": dict(words),
        },
        on_flips_change=lambda: None,
    )
