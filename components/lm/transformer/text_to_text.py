"""What an encoder-decoder Transformer does while it writes: every attention, every probability, every beam.

The model is told what to do by a task word before the text, as T5 is (Raffel et al. 2020,
https://arxiv.org/abs/1910.10683, section 2.4); with the task "fill" there is none, and the text has gaps
(:mod:`components.lm.transformer.spans`). Its design is that of Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762: the encoder reads once, the decoder reads the encoder's vectors and what it wrote.

    loaded = checkpoints.load(MODEL, require="text_to_text")
    found = decode(loaded, "iso", "14 march 2021")
    found.text             # "2021-03-14"
    found.cross[1, :, 0]   # which symbols of the input each head of layer 1 reads before the first symbol is written
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from components.lm import reading
from components.lm.transformer.conversions import TASKS

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

MODEL = "pocket-transformer"
FILL = "fill"
ALL_TASKS = (*TASKS, FILL)
MOST_WRITTEN = 64
"""Symbols after which the model is stopped; no answer it was trained on is longer than 46."""

Without = Literal["", "cross"]
Floats = npt.NDArray[np.float32]


class TooLong(ValueError):
    """The text has more symbols than the model has positions for."""

    def __init__(self, num_symbols: int, limit: int) -> None:
        super().__init__(f"{num_symbols} symbols, at most {limit}")
        self.num_symbols, self.limit = num_symbols, limit


@dataclass(frozen=True)
class Hypothesis:
    """A beginning that beam search keeps: its symbols, the sum of their log-probabilities (nats), whether it ended."""

    symbols: tuple[str, ...]
    log_prob: float
    ended: bool


@dataclass(frozen=True, eq=False)
class Decoding:
    """One text, encoded and decoded. S symbols are read, T are written, the end symbol is one of each.

    Rows of attention are queries, columns keys; layers and heads count from 0. ``without`` names what was taken out.
    """

    source: tuple[str, ...]  # what the encoder reads (S)
    given: tuple[str, ...]  # what the decoder reads: the start symbol, then what it wrote itself (T)
    written: tuple[str, ...]  # what it wrote at each step, with the end symbol if it came to an end (T)
    vocabulary: tuple[str, ...]  # (V)
    encoder: Floats  # (layer, head, S, S)
    decoder: Floats  # (layer, head, T, T)
    cross: Floats  # (layer, head, T, S); no layers without cross-attention
    logits: Floats  # (T, V): for the next symbol, at each step
    beams: tuple[tuple[Hypothesis, ...], ...]  # after each step of the search, the best first
    without: Without = ""

    @property
    def ended(self) -> bool:
        """Whether the model wrote the end symbol before it was stopped."""
        return bool(self.written) and self.written[-1] == "</s>"

    @property
    def text(self) -> str:
        """What was written, without the end symbol."""
        return "".join(self.written[:-1] if self.ended else self.written)

    @property
    def probs(self) -> Floats:
        """Softmax of the logits: probabilities of the next symbol, (T, V)."""
        powers = np.exp(self.logits - self.logits.max(-1, keepdims=True))
        found: Floats = powers / powers.sum(-1, keepdims=True)
        return found

    @property
    def chosen_probs(self) -> Floats:
        """The probability of each written symbol (T)."""
        places = {symbol: i for i, symbol in enumerate(self.vocabulary)}
        ids = [places[symbol] for symbol in self.written]
        found: Floats = self.probs[np.arange(len(ids)), ids]
        return found

    @property
    def log_prob(self) -> float:
        """Sum of the log-probabilities (nats) of the written symbols: beam search compares by it."""
        return float(np.log(self.chosen_probs).sum(dtype=np.float64))

    @property
    def unknown(self) -> int:
        """How many symbols of the text the model has no row for."""
        return self.source.count("<unk>")


def model_text(task: str, text: str) -> str:
    """What the encoder is given: the task word and the text, white space as single spaces. Raises ``ValueError`` for an unknown task.

    >>> model_text("iso", " 14  march 2021"), model_text("fill", "14 <X> 2021 = 2021-03-14")
    ('iso: 14 march 2021', '14 <X> 2021 = 2021-03-14')
    """
    if task not in ALL_TASKS:
        raise ValueError(f"no such task: {task!r}")
    shown = " ".join(text.split())
    return shown if task == FILL else f"{task}: {shown}".rstrip()


def decode(
    loaded: LoadedModel, task: str, text: str, *, num_beams: int = 1, without: Without = ""
) -> Decoding:
    """Let the model write its answer, and look at everything it did.

    ``num_beams`` 1 is greedy: the likeliest symbol each time. More keep that many beginnings, compared by the sum of
    their log-probabilities (``generate`` of transformers with ``length_penalty=0.0, early_stopping="never"`` gives the
    same). ``without="cross"`` leaves the encoder-decoder attention out of every layer: the decoder of GPT.

    Raises ``ValueError`` if the model does not know the task, ``TooLong``, and ``reading.CannotRead`` if the text cannot
    be read for another reason.
    """
    from components.lm.checkpoints import import_torch

    torch = import_torch()
    model: Any = loaded.model
    limit = loaded.card.max_positions or MOST_WRITTEN
    try:
        ids = reading.read(loaded, model_text(task, text)).input_ids.tolist()
    except reading.CannotRead as refused:
        if refused.reason is not reading.ReadingReason.TOO_LONG:
            raise
        raise TooLong(int(refused.parameters["tokens"]), limit) from None
    vocabulary = tuple(loaded.tokenizer.convert_ids_to_tokens(list(range(loaded.card.vocab_size))))
    with torch.inference_mode():
        read = model.model.encoder(input_ids=torch.tensor([ids]), output_attentions=True)
        memory = None if without == "cross" else read.last_hidden_state
        best, beams = _search(model, memory, num_beams, min(MOST_WRITTEN, limit))
        start = int(model.config.decoder_start_token_id)
        given = [start, *best[:-1]]
        output = model.model.decoder(
            input_ids=torch.tensor([given]),
            encoder_hidden_states=memory,
            use_cache=False,
            output_attentions=True,
        )
        logits = _logits(model, output.last_hidden_state)[0]
    cross = () if memory is None else output.cross_attentions
    shape = (0, loaded.card.num_heads, len(given), len(ids))
    return Decoding(
        source=tuple(vocabulary[i] for i in ids),
        given=tuple(vocabulary[i] for i in given),
        written=tuple(vocabulary[i] for i in best),
        vocabulary=vocabulary,
        encoder=_stack(read.attentions),
        decoder=_stack(output.attentions),
        cross=_stack(cross) if cross else np.zeros(shape, np.float32),
        logits=logits.numpy(),
        beams=tuple(
            tuple(Hypothesis(tuple(vocabulary[i] for i in h.ids), h.log_prob, h.ended) for h in kept)
            for kept in beams
        ),
        without=without,
    )


_WEIGHTS = ("encoder", "decoder", "cross", "logits")
_SYMBOLS = ("source", "given", "written", "vocabulary")


def to_arrays(found: Decoding) -> dict[str, npt.NDArray[Any]]:
    """A decoding as arrays to be saved, exactly; :func:`from_arrays` gives it back."""
    beams = [[[h.symbols, h.log_prob, h.ended] for h in kept] for kept in found.beams]
    return {
        **{name: getattr(found, name) for name in _WEIGHTS},
        **{name: np.array(getattr(found, name)) for name in _SYMBOLS},
        "beams": np.array(json.dumps(beams)),
        "without": np.array(found.without),
    }


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> Decoding:
    """What :func:`to_arrays` took apart."""
    beams = tuple(
        tuple(Hypothesis(tuple(symbols), log_prob, ended) for symbols, log_prob, ended in kept)
        for kept in json.loads(str(arrays["beams"]))
    )
    symbols = {name: tuple(arrays[name].tolist()) for name in _SYMBOLS}
    return Decoding(
        source=symbols["source"],
        given=symbols["given"],
        written=symbols["written"],
        vocabulary=symbols["vocabulary"],
        encoder=arrays["encoder"],
        decoder=arrays["decoder"],
        cross=arrays["cross"],
        logits=arrays["logits"],
        beams=beams,
        without="cross" if str(arrays["without"]) == "cross" else "",
    )


def _stack(attentions: Any) -> Floats:
    found: Floats = np.stack([layer[0].numpy() for layer in attentions]).astype(np.float32)
    return found


def _logits(model: Any, hidden: Any) -> Any:
    return (model.lm_head(hidden) + model.final_logits_bias).float()


@dataclass(frozen=True)
class _Beginning:
    ids: tuple[int, ...]
    log_prob: float
    ended: bool = False


def _search(
    model: Any, memory: Any, num_beams: int, most: int
) -> tuple[tuple[int, ...], list[list[_Beginning]]]:
    """(ids of the best answer, the beginnings kept after each step). At most ``most`` positions, the start included."""
    import torch

    start, end = int(model.config.decoder_start_token_id), int(model.config.eos_token_id)
    running = [_Beginning((), 0.0)]
    ended: list[_Beginning] = []
    kept: list[list[_Beginning]] = []
    while True:
        given = torch.tensor([[start, *beginning.ids] for beginning in running])
        hidden = model.model.decoder(
            input_ids=given,
            encoder_hidden_states=None if memory is None else memory.expand(len(given), -1, -1),
            use_cache=False,
        ).last_hidden_state
        log_probs = _logits(model, hidden[:, -1]).log_softmax(-1)
        totals = log_probs + torch.tensor([[beginning.log_prob] for beginning in running])
        # Twice as many as are kept: even if all of the best end here, enough are left to go on with.
        scores, places = totals.flatten().topk(min(2 * num_beams, totals.numel()))
        following = []
        for score, place in zip(scores.tolist(), places.tolist(), strict=True):
            parent, symbol = divmod(place, totals.shape[1])
            following.append(_Beginning((*running[parent].ids, symbol), score, symbol == end))
        last = given.shape[1] + 1 >= most
        new = [beginning for beginning in following[:num_beams] if beginning.ended or last]
        ended = sorted([*ended, *new], key=lambda b: -b.log_prob)[:num_beams]
        running = [beginning for beginning in following if not beginning.ended][:num_beams]
        kept.append(sorted([*ended, *([] if last else running)], key=lambda b: -b.log_prob)[:num_beams])
        worst = ended[-1].log_prob if len(ended) == num_beams else -math.inf
        if last or running[0].log_prob <= worst:  # a sum of log-probabilities only falls
            return ended[0].ids, kept
