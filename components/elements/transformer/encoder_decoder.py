"""The Transformer's two towers, its three attentions, and an answer that is written symbol by symbol."""

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from components.elements.mount import element
from components.elements.packed import packed
from components.lm.transformer.text_to_text import Decoding
from components.words import labels

_mount = element("transformer/encoder_decoder")

STOPS = 9
"""Steps of the course's slides on the Transformer."""
Removed = Literal["", "cross", "decoder"]
REMOVED: tuple[Removed, ...] = ("", "cross", "decoder")


@dataclass(frozen=True)
class TowersView:
    """Where the reader is: the symbol being written (from 0), the stop of the course (1 to 9, 0 for none), layer and
    head (-1: their mean), the input symbol whose row of the encoder is marked (-1: the one most read), and what was
    dragged away."""

    step: int = 0
    stop: int = 0
    layer: int = 0
    head: int = -1
    row: int = -1
    removed: Removed = ""


def encoder_decoder(
    decoding: Decoding, *, width: int, identity: str, start: TowersView, rev: int, key: str
) -> TowersView:
    """Draw a decoding; all stepping happens in the browser.

    Args:
        decoding: what was read and written, with every weight.
        width: numbers in a vector of the model, for the shapes at the arrows.
        identity: names what is shown (model, task, text, beams).
        start: where to begin; taken over when ``rev`` changed. Must stay the same while ``rev`` does.
        rev: raised by Python when it moved the view.
        key: the element's key in the session.
    """
    beams = [[[h.symbols, round(h.log_prob, 4), h.ended] for h in kept] for kept in decoding.beams]
    header = {
        "id": identity,
        "rev": rev,
        "start": asdict(start),
        "source": decoding.source,
        "given": decoding.given,
        "written": decoding.written,
        "vocabulary": decoding.vocabulary,
        "without": decoding.without,
        "width": width,
        "beams": beams if max(map(len, beams)) > 1 else [],
        "words": labels("stepper") | labels("encoder_decoder_view"),
    }
    arrays = {name: getattr(decoding, name) for name in ("encoder", "decoder", "cross", "logits")}
    result = _mount(key=key, data=packed(header, arrays), on_view_change=lambda: None)
    return checked(result.view, start, rev)


def checked(value: Any, otherwise: TowersView, rev: int) -> TowersView:
    """What a browser sent under this ``rev``, or ``otherwise``."""
    if not isinstance(value, Mapping) or value.get("rev") != rev or value.get("removed") not in REMOVED:
        return otherwise
    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
        step, stop, layer, head, row = (int(value[name]) for name in ("step", "stop", "layer", "head", "row"))
        if step >= 0 and 0 <= stop <= STOPS and layer >= 0 and head >= -1 and row >= -1:
            return TowersView(step, stop, layer, head, row, value["removed"])
    return otherwise
