"""One block of a Transformer from inside, and what all blocks do to a text.

A block adds two things to the vectors of a text, the *residual stream*: what attention collected from other tokens, and
what the feed-forward network computed from each token by itself. The Transformer of 2017 and BERT normalise after each
addition (post-LN: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.1), GPT-2 before each part (pre-LN:
Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", section 2.3).

    found = look_inside(loaded, read(loaded, "The fox sat on the stone."), layer=2)
    found.states[found.place("attention")]     # what attention adds to each token, (tokens, width)

Every number is caught while the model of transformers runs, on a :func:`~components.lm.transformer.attention.twin`. What it
would say after each block (:func:`lens`) is a product with the output table for every block, and computed by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from components.lm.reading import Reading, inputs, pieces
from components.lm.tokens.token_text import token_info
from components.lm.transformer.attention import Unreadable, twin

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel
    from transformers.pytorch_utils import Conv1D

    from components.lm.checkpoints import LoadedModel

Floats = npt.NDArray[np.float32]
Wiring = Literal["pre", "post"]
Taken = Literal["none", "attention", "feed_forward", "residual", "norm"]
TAKEN: tuple[Taken, ...] = ("none", "attention", "feed_forward", "residual", "norm")
"""What can be taken out: a part of the opened block, or the bypass or the LayerNorms of all blocks."""

ORDER: Mapping[Wiring, tuple[str, ...]] = {
    "pre": ("stream", "norm1", "attention", "add1", "norm2", "feed_forward", "add2"),
    "post": ("stream", "attention", "add1", "norm1", "feed_forward", "add2", "norm2"),
}
"""The vectors of a block from its input to its output, in the order in which they are computed."""
TOP_NEURONS, TOP_WORDS, TOP_GUESSES = 8, 6, 5


@dataclass(frozen=True, eq=False)
class BlockParts:
    """The modules of one block. ``up`` gives what the activation is applied to, ``down`` reads the neurons."""

    block: nn.Module
    attention: nn.Linear | Conv1D
    norm1: nn.Module
    norm2: nn.Module
    up: nn.Linear | Conv1D
    down: nn.Linear | Conv1D


def block_parts(model: PreTrainedModel) -> tuple[Wiring, list[BlockParts]]:
    """The wiring of a model and the modules of each block: GPT-2, BERT and its kin, Llama and its kin.

    Raises:
        Unreadable: another family; some add both parts at once or normalise twice, and would be drawn wrongly.
    """
    base, family = model.base_model, str(model.config.model_type)
    if family == "gpt2":
        return "pre", [BlockParts(b, b.attn.c_proj, b.ln_1, b.ln_2, b.mlp.c_fc, b.mlp.c_proj) for b in base.h]
    if family in ("llama", "mistral", "qwen2", "qwen3"):
        return "pre", [
            BlockParts(
                b,
                b.self_attn.o_proj,
                b.input_layernorm,
                b.post_attention_layernorm,
                b.mlp.gate_proj,
                b.mlp.down_proj,
            )
            for b in base.layers
        ]
    if family in ("bert", "roberta", "electra", "xlm-roberta", "camembert") and hasattr(base, "encoder"):
        return "post", [
            BlockParts(
                b,
                b.attention.output.dense,
                b.attention.output.LayerNorm,
                b.output.LayerNorm,
                b.intermediate.dense,
                b.output.dense,
            )
            for b in base.encoder.layer
        ]
    raise Unreadable(family)


def _said(model: PreTrainedModel, stream: Any) -> Any:
    """Logits (..., vocab) of vectors of any layer: the last step of the model, applied early.

    For a model that writes this is the logit lens (nostalgebraist 2020): last LayerNorm and output table. For a BERT it
    is the whole head for masked tokens.
    """
    base = model.base_model
    if hasattr(model, "cls") and hasattr(model.cls, "predictions"):
        return model.cls.predictions(stream)
    if hasattr(model, "generator_lm_head"):
        return model.generator_lm_head(model.generator_predictions(stream))
    final = getattr(base, "ln_f", None) or getattr(base, "norm", None)
    if hasattr(model, "lm_head"):
        return model.lm_head(final(stream) if final is not None else stream)
    raise Unreadable(str(model.config.model_type))


def _can_speak(model: PreTrainedModel) -> bool:
    """Whether :func:`_said` knows the model's last step."""
    guesses = hasattr(model, "cls") and hasattr(model.cls, "predictions")
    return guesses or hasattr(model, "generator_lm_head") or hasattr(model, "lm_head")


@dataclass(frozen=True, eq=False)
class Inside:
    """One block of a model on a text, and the stream before and after every block.

    N tokens, width D, H neurons, L layers. Layers, tokens and neurons count from 0.
    """

    wiring: Wiring
    layer: int
    states: Floats  # (7, N, D), in ORDER[wiring]
    attention: Floats  # (head, N, N): rows read, columns are read
    before: Floats  # (N, H): what the activation is applied to
    active: Floats  # (N, H): what each neuron gives
    lengths: Floats  # (L, 2, N): lengths of what attention and feed-forward add
    streams: Floats  # (L + 1, N, D): before the first block, and after each
    logits: Floats  # (N, vocab): the model's own

    def place(self, name: str) -> int:
        """Where a vector stands in ``states``."""
        return ORDER[self.wiring].index(name)

    def strongest(self, token: int) -> list[int]:
        """The neurons that fire most for a token, by size; ties go to the lower number."""
        order = np.argsort(-np.abs(self.active[token]), kind="stable")
        return [int(neuron) for neuron in order[:TOP_NEURONS]]

    def likeliest(self, token: int) -> list[int]:
        """The tokens that the model gives most probability after this one, or in its place; ties go to the lower id."""
        logits = self.logits[token]
        some = np.flatnonzero(logits >= np.partition(logits, -TOP_GUESSES)[-TOP_GUESSES])
        return [int(i) for i in some[np.argsort(-logits[some], kind="stable")][:TOP_GUESSES]]


@dataclass(frozen=True, eq=False)
class Lens:
    """What a model would say if it stopped after each block: L layers, N tokens."""

    guesses: npt.NDArray[np.int64]  # (L + 1, N, TOP_GUESSES): likeliest tokens after so many blocks
    probs: Floats  # the same, their probabilities
    ranks: npt.NDArray[
        np.int64
    ]  # the same shape: rank after so many blocks of the last layer's likeliest tokens


_twins: WeakKeyDictionary[PreTrainedModel, tuple[PreTrainedModel, threading.Lock]] = WeakKeyDictionary()
_making = threading.Lock()


@contextmanager
def _own(model: PreTrainedModel) -> Iterator[PreTrainedModel]:
    """The twin of a model for one caller at a time, who takes away what it hooks; it is made once."""
    with _making:
        if model not in _twins:
            _twins[model] = (twin(model), threading.Lock())
    own, lock = _twins[model]
    with lock:
        yield own


def look_inside(
    loaded: LoadedModel, reading: Reading, layer: int, *, taken: Taken = "none", neurons: tuple[int, ...] = ()
) -> Inside:
    """Run a model over a text and keep what happens in block ``layer``, with something taken out of the model.

    ``taken`` "attention" and "feed_forward" take that part out of this block alone (it then adds nothing), ``neurons``
    are set to 0 in it; "residual" and "norm" are left out of every block (the LayerNorm before the first and after the
    last block stays). A part whose bypass is gone passes on only what it computed itself.

    Raises:
        Unreadable: the family cannot be taken apart.
        IndexError: there is no such layer.
    """
    import torch

    with _own(loaded.model) as own:
        wiring, parts = block_parts(own)
        if not 0 <= layer < len(parts):
            raise IndexError(layer)
        if not _can_speak(own):
            raise Unreadable(str(own.config.model_type))
        kept: list[dict[str, Any]] = [{} for _ in parts]
        hooks = [
            hook
            for number, part in enumerate(parts)
            for hook in _watch(part, kept[number], number == layer, wiring, taken, neurons)
        ]
        try:
            with torch.inference_mode():
                output = own(**inputs(loaded, [reading]), output_attentions=True)
        finally:
            for hook in hooks:
                hook.remove()
    order = ORDER[wiring]
    lengths = [
        torch.stack([one["attention"].norm(dim=-1), one["feed_forward"].norm(dim=-1)]).numpy() for one in kept
    ]
    masked = loaded.card.can("masked_prediction")
    return Inside(
        wiring,
        layer,
        np.stack([kept[layer][name].numpy() for name in order]),
        output.attentions[layer][0].float().numpy(),
        kept[layer]["before"].numpy(),
        kept[layer]["active"].numpy(),
        np.stack(lengths),
        np.stack([kept[0]["stream"].numpy(), *(one[order[-1]].numpy() for one in kept)]),
        (loaded.masked_logits(output) if masked else output.logits)[0].float().numpy(),
    )


def lens(loaded: LoadedModel, streams: Floats) -> Lens:
    """What the model would say after each block, at every position.

    Args:
        streams: (L + 1, N, width), those of :class:`Inside`.
    """
    import torch

    with torch.inference_mode():
        logits = _said(loaded.model, torch.from_numpy(streams))  # (L + 1, N, vocab)
        probs, guesses = logits.softmax(-1).topk(TOP_GUESSES)
        wanted = torch.gather(logits, -1, guesses[-1].expand_as(guesses))
        ranks = torch.stack([(logits > wanted[..., k : k + 1]).sum(-1) for k in range(TOP_GUESSES)], -1) + 1
        return Lens(guesses.numpy(), probs.numpy(), ranks.numpy())


@dataclass(frozen=True, eq=False)
class Followed:
    """A word that is followed through the blocks: its first token, how many it has, its ranks (L + 1, N)."""

    token: str
    pieces: int
    ranks: npt.NDArray[np.int64]


def follow(loaded: LoadedModel, streams: Floats, word: str) -> Followed | None:
    """The rank of a word among all tokens after so many blocks, at every position; of a word of several tokens, that of its first.

    The word is read as it stands behind a space. None if nothing of it is left.

    Args:
        streams: (L + 1, N, width), those of :class:`Inside`.
    """
    import torch

    ids = pieces(loaded, word, before="the ")
    if not ids:
        return None
    with torch.inference_mode():
        logits = _said(loaded.model, torch.from_numpy(streams))
        ranks = (logits > logits[..., ids[0], None]).sum(-1) + 1
    return Followed(token_info(loaded.tokenizer, ids[0]).text, len(ids), ranks.numpy())


def _watch(
    part: BlockParts,
    kept: dict[str, Any],
    opened: bool,
    wiring: Wiring,
    taken: Taken,
    neurons: tuple[int, ...],
) -> list[Any]:
    """Hook one block of a twin: keep its vectors in ``kept``, take out what is to be taken out. Returns the hooks."""

    def enter(module: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        kept["stream"] = (args[0] if args else given["hidden_states"])[0].clone()

    def attended(module: Any, args: Any, out: Any) -> Any:
        gone = out * 0 if opened and taken == "attention" else out
        kept["attention"] = gone[0].clone()
        return gone - kept["stream"] if taken == "residual" else gone

    def normed(name: str, entering: str | None) -> Any:
        def hook(module: Any, args: Any, out: Any) -> Any:
            if entering:
                kept[entering] = args[0][0].clone()
            left = args[0] if taken == "norm" else out
            kept[name] = left[0].clone()
            return left

        return hook

    def rises(module: Any, args: Any, out: Any) -> None:
        kept["before"] = out[0].clone()

    def fires(module: Any, args: Any) -> Any:
        given = args[0].clone()
        if opened and neurons:
            given[..., list(neurons)] = 0
        kept["active"] = given[0].clone()
        return (given, *args[1:])

    def fed(module: Any, args: Any, out: Any) -> Any:
        gone = out * 0 if opened and taken == "feed_forward" else out
        kept["feed_forward"] = gone.reshape(kept["stream"].shape).clone()
        bypass = kept["add1" if wiring == "pre" else "norm1"]
        return gone - bypass if taken == "residual" else gone

    def leave(module: Any, args: Any, out: Any) -> None:
        kept.setdefault(
            "add2", (out[0] if isinstance(out, tuple) else out).reshape(kept["stream"].shape).clone()
        )

    return [
        part.block.register_forward_pre_hook(enter, with_kwargs=True),
        part.attention.register_forward_hook(attended),
        part.norm1.register_forward_hook(normed("norm1", "add1" if wiring == "post" else None)),
        part.norm2.register_forward_hook(normed("norm2", "add1" if wiring == "pre" else "add2")),
        part.up.register_forward_hook(rises),
        part.down.register_forward_pre_hook(fires),
        part.down.register_forward_hook(fed),
        part.block.register_forward_hook(leave),
    ]


def pushes(loaded: LoadedModel, layer: int, neurons: Sequence[int]) -> dict[int, tuple[list[str], list[str]]]:
    """The words each neuron pushes for and against: its column of the down projection times the output table.

    What a firing neuron adds to the stream is its column, scaled; the product with a token's row of the table is what
    this would add to the token's logit if nothing came after (Geva et al. 2022, https://arxiv.org/abs/2203.14680).

    Raises:
        Unreadable: the family cannot be taken apart.
    """
    import torch

    _, parts = block_parts(loaded.model)
    down = parts[layer].down
    with torch.inference_mode():
        rows = down.weight if type(down).__name__ == "Conv1D" else down.weight.T  # (H, D)
        table = loaded.model.get_output_embeddings().weight  # (vocab, D)
        scores = rows[list(neurons)] @ table.T
        most, least = scores.topk(TOP_WORDS).indices.tolist(), (-scores).topk(TOP_WORDS).indices.tolist()

    def said(ids: list[int]) -> list[str]:
        return [token_info(loaded.tokenizer, i).text for i in ids]

    return {neuron: (said(up), said(low)) for neuron, up, low in zip(neurons, most, least, strict=True)}


def activation(loaded: LoadedModel) -> str:
    """The name of the activation function in the model's configuration."""
    config = loaded.model.config
    return str(getattr(config, "activation_function", None) or getattr(config, "hidden_act", ""))


def gated(loaded: LoadedModel) -> bool:
    """Whether a second product scales each neuron after the activation (Shazeer 2020, https://arxiv.org/abs/2002.05202)."""
    return hasattr(block_parts(loaded.model)[1][0].block, "mlp") and hasattr(
        block_parts(loaded.model)[1][0].block.mlp, "gate_proj"
    )


@dataclass(frozen=True, eq=False)
class Norm:
    """What a LayerNorm multiplies by and adds, (D), and the small number under its root; ``centred`` is False for
    RMSNorm, which takes no mean away (Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467)."""

    weight: Floats
    bias: Floats
    epsilon: float
    centred: bool


def norms(loaded: LoadedModel, layer: int) -> tuple[Norm, Norm]:
    """The two normalisations of a block.

    Raises:
        Unreadable: the family cannot be taken apart.
    """
    part = block_parts(loaded.model)[1][layer]
    found = []
    for module in (part.norm1, part.norm2):
        weight = module.get_parameter("weight").detach().float().numpy()
        bias = getattr(module, "bias", None)
        epsilon = float(getattr(module, "eps" if hasattr(module, "eps") else "variance_epsilon"))
        found.append(
            Norm(
                weight,
                weight * 0 if bias is None else bias.detach().float().numpy(),
                epsilon,
                bias is not None,
            )
        )
    return found[0], found[1]


def path(streams: Floats) -> Floats:
    """A map of where the vectors point, before the first block and after each: (L + 1, N, 2).

    Each vector is divided by its length, then all are projected onto the two directions in which they differ most
    (principal component analysis). Lengths are left out: they grow by orders of magnitude from layer to layer. A direction
    has no side of its own: the furthest point lies above zero.
    """
    length = np.maximum(np.linalg.norm(streams.astype(np.float64), axis=-1, keepdims=True), 1e-30)
    flat = (streams / length).reshape(-1, streams.shape[-1])
    flat = flat - flat.mean(0)
    _, _, directions = np.linalg.svd(flat, full_matrices=False)
    found = np.zeros((len(flat), 2))
    found[:, : min(2, len(directions))] = flat @ directions[:2].T
    found *= np.where(np.take_along_axis(found, np.abs(found).argmax(0)[None], 0) < 0, -1, 1)
    return np.asarray(found.reshape(*streams.shape[:2], 2), np.float32)
