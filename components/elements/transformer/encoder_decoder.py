"""The Transformer's two towers, its three attentions, and an answer that is written symbol by symbol."""

from dataclasses import asdict, dataclass
from typing import Literal

from components.elements.mount import element
from components.elements.packed import packed
from components.elements.view import Bound, OneOf, Whole, reported
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


MOST = TowersView(step=63, stop=STOPS, layer=11, head=31, row=511)
"""The farthest a link reaches; what a text or a model does not have, the browser leaves at its last."""
BOUNDS: dict[str, Bound] = {
    "step": Whole(0, MOST.step),
    "stop": Whole(0, MOST.stop),
    "layer": Whole(0, MOST.layer),
    "head": Whole(-1, MOST.head),
    "row": Whole(-1, MOST.row),
    "removed": OneOf(REMOVED),
}


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
    return reported(result.view, start, rev, BOUNDS)
