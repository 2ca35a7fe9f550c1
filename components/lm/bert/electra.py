"""ELECTRA: a small network fills holes with likely words, and the model says of every word whether it was put there.

Clark et al. 2020, https://arxiv.org/abs/2003.10555, section 2: 15% of the tokens become [MASK], a generator draws a word for
each from its own distribution, and the discriminator judges every token of the result: original or replaced. A word that
was drawn and happens to be the original counts as original. Both are trained by their own losses, added with a weight of 50;
nothing flows back through the draw.

>>> import torch
>>> found = corrupt(torch.tensor([[7, 8, 9]]), torch.tensor([[False, True, True]]), torch.tensor([8, 5]))
>>> found.input_ids.tolist(), found.replaced.tolist()
([[7, 8, 5]], [[False, False, True]])
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from components.lm.bert.mlm import Candidate, MaskableText, hide, log_probs
from components.lm.reading import as_inputs
from components.lm.tokens.token_text import token_info

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from transformers import BertForPreTraining, ElectraForPreTraining

    from components.lm.checkpoints import LoadedModel

FOLDER = "after_bert/nano-electra"
BERT = "nano-bert"
"""The bundled model that the discriminator started from."""
GENERATOR = "nano-bert/snapshots/step-000506"
"""The same after a seventh of its training: it draws the words. A generator as good as the discriminator makes fakes that
nobody of that size can tell (section 3.2 of the paper: a generator of 1/4 to 1/2 of the size works best)."""
Fakes = Literal["random", "generator"]
DISCRIMINATOR_WEIGHT = 50.0
"""λ of the paper: how much the discriminator's loss counts beside the generator's."""
MASKED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Corrupted:
    """What the discriminator reads: ``input_ids`` (batch, seq), and where another token stands than in the text."""

    input_ids: Tensor
    replaced: Tensor  # (batch, seq) bool


def draw(logits: Tensor, generator: Generator | None = None, temperature: float = 1.0) -> Tensor:
    """Draw one token a row of ``logits`` (chosen, vocab) from its distribution, (chosen,). No gradient goes through it."""
    import torch

    with torch.no_grad():
        probs = (logits.detach().float() / temperature).softmax(-1)
        return torch.multinomial(probs, 1, generator=generator)[:, 0]


def corrupt(input_ids: Tensor, chosen: Tensor, drawn: Tensor) -> Corrupted:
    """Put the ``drawn`` tokens (chosen,) at the ``chosen`` places (batch, seq) of a text (batch, seq).

    A place is replaced where the token there is now another one, not where something was drawn."""
    given = input_ids.clone()
    given[chosen] = drawn
    return Corrupted(given, given != input_ids)


@dataclass(frozen=True, eq=False)
class Losses:
    """The two losses in nats, and their weighted sum, which is minimised."""

    generator: Tensor  # mean over the chosen places
    discriminator: Tensor  # mean over all judged places
    total: Tensor


def losses(
    generator_logits: Tensor,
    targets: Tensor,
    replaced_logits: Tensor,
    replaced: Tensor,
    judged: Tensor,
    weight: float = DISCRIMINATOR_WEIGHT,
) -> Losses:
    """ELECTRA's loss.

    Args:
        generator_logits: (chosen, vocab).
        targets: original tokens of the chosen places, (chosen,).
        replaced_logits: the discriminator's log odds of "replaced", (batch, seq).
        replaced: whether it is, (batch, seq) bool.
        judged: places that count for the discriminator, (batch, seq) bool: every token that is no padding.
        weight: λ.
    """
    import torch

    f = torch.nn.functional
    generator = f.cross_entropy(generator_logits.float(), targets)
    discriminator = f.binary_cross_entropy_with_logits(
        replaced_logits.float()[judged], replaced[judged].float()
    )
    return Losses(generator, discriminator, generator + weight * discriminator)


def discriminator_of(bert: BertForPreTraining) -> ElectraForPreTraining:
    """Return an ``ElectraForPreTraining`` whose layers and embeddings are those of a BERT, with a new head.

    Args:
        bert: a ``BertForPreTraining`` of transformers; it keeps its weights.
    """
    from transformers import ElectraConfig, ElectraForPreTraining

    c = bert.config
    model = ElectraForPreTraining._from_config(
        ElectraConfig(
            vocab_size=c.vocab_size,
            embedding_size=c.hidden_size,
            hidden_size=c.hidden_size,
            num_hidden_layers=c.num_hidden_layers,
            num_attention_heads=c.num_attention_heads,
            intermediate_size=c.intermediate_size,
            max_position_embeddings=c.max_position_embeddings,
            type_vocab_size=c.type_vocab_size,
            hidden_act=c.hidden_act,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            layer_norm_eps=c.layer_norm_eps,
            pad_token_id=c.pad_token_id,
        ),
        attn_implementation=c._attn_implementation,
    )
    mine = {name: tensor for name, tensor in bert.bert.state_dict().items() if not name.startswith("pooler.")}
    model.electra.load_state_dict(mine)
    return model


# --- How good a judge is ----------------------------------------------------------------------------------------------


def auc(scores: npt.ArrayLike, fake: npt.ArrayLike) -> float:
    """Area under the ROC curve: how often a fake has a higher score than an original, of all such pairs; ties count half.

    >>> auc([0.9, 0.2, 0.6, 0.1], [True, False, False, True])
    0.5
    """
    given, truth = np.asarray(scores, np.float64), np.asarray(fake, bool)
    fakes = int(truth.sum())
    if not 0 < fakes < len(truth):
        return float("nan")
    _, inverse, counts = np.unique(given, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[inverse]  # mean rank of those alike, from 1
    return float((ranks[truth].sum() - fakes * (fakes + 1) / 2) / (fakes * (len(truth) - fakes)))


def auc_interval(
    scores: Sequence[npt.ArrayLike], fake: Sequence[npt.ArrayLike], draws: int = 500, seed: int = 0
) -> tuple[float, float, float]:
    """(AUC over all texts, low, high): a 95% interval from drawing the texts again, because words of one text hang together.

    Args:
        scores: one array a text.
        fake: the same, bool.
    """
    parts = [(np.asarray(s, np.float64), np.asarray(f, bool)) for s, f in zip(scores, fake, strict=True)]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        chosen = [parts[i] for i in rng.integers(0, len(parts), len(parts))]
        found.append(auc(np.concatenate([s for s, _ in chosen]), np.concatenate([f for _, f in chosen])))
    low, high = np.nanquantile(found, [0.025, 0.975])
    whole = auc(np.concatenate([s for s, _ in parts]), np.concatenate([f for _, f in parts]))
    return whole, float(low), float(high)


def hits(scores: npt.ArrayLike, fake: npt.ArrayLike) -> int:
    """How many of the k most suspicious are fakes, where k is the number of fakes; of equals the earlier ones are taken.

    >>> hits([0.1, 0.9, 0.5, 0.2], [True, True, False, False])
    1
    """
    truth = np.asarray(fake, bool)
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    return int(truth[order[: int(truth.sum())]].sum())


# --- On a reader's text -----------------------------------------------------------------------------------------------


def load_discriminator() -> LoadedModel:
    """Return nano-electra with its head."""
    from components.lm import checkpoints

    return checkpoints.load_unlisted(FOLDER, "ElectraForPreTraining")


def load_generator() -> LoadedModel:
    """Return the generator."""
    from components.lm import checkpoints

    return checkpoints.load_unlisted(GENERATOR, "BertForPreTraining", BERT)


@cache
def measured() -> Mapping[str, Any]:
    """Return what was measured of nano-electra and of the run from scratch (``measured.json`` beside its weights)."""
    from components.lm.checkpoints import BUNDLED_FOLDER

    found: Mapping[str, Any] = json.loads((BUNDLED_FOLDER / FOLDER / "measured.json").read_text("utf-8"))
    return found


@cache
def token_counts() -> npt.NDArray[np.int64]:
    """How often each token stands in the training text, (vocab,); special tokens are 0. Random fakes are drawn by it."""
    from components.lm.checkpoints import BUNDLED_FOLDER

    text = (BUNDLED_FOLDER / FOLDER / "token_counts.json").read_text("utf-8")
    return np.asarray(json.loads(text), np.int64)


@dataclass(frozen=True)
class Place:
    """A hidden place: what the generator finds likely there, and what was drawn."""

    position: int
    candidates: tuple[Candidate, ...]
    original: Candidate
    drawn: Candidate

    @property
    def replaced(self) -> bool:
        """Whether another token was drawn than stood there."""
        return self.drawn.token_id != self.original.token_id


@dataclass(frozen=True, eq=False)
class Round:
    """One text with some words drawn anew."""

    given: npt.NDArray[np.int64]  # (seq,), what the discriminator reads
    places: tuple[Place, ...]

    @property
    def replaced(self) -> npt.NDArray[np.bool_]:
        """Where another token stands than in the text, (seq,)."""
        found = np.zeros(len(self.given), np.bool_)
        found[[place.position for place in self.places if place.replaced]] = True
        return found

    @property
    def generator_loss(self) -> float:
        """Mean over the hidden places, nats; 0 where nothing was hidden."""
        return (
            float(np.mean([-np.log(max(place.original.prob, 1e-12)) for place in self.places]))
            if self.places
            else 0.0
        )


def choose_places(text: MaskableText, rate: float, seed: int) -> list[int]:
    """Return the places to hide: this share of the words, one at least where there is one."""
    count = min(len(text.maskable), max(1, round(rate * len(text.maskable))))
    rng = np.random.default_rng([seed, 0])
    return sorted(int(i) for i in rng.choice(text.maskable, count, replace=False)) if count else []


def draw_round(
    generator: LoadedModel,
    text: MaskableText,
    *,
    seed: int,
    fakes: Fakes = "generator",
    rate: float = MASKED_SHARE,
    temperature: float = 1.0,
    put: Mapping[int, int] | None = None,
    top: int = 6,
) -> Round:
    """Hide places of a text and draw a word for each.

    Args:
        generator: predicts masked tokens.
        text: as read with the generator's tokenizer.
        seed: of the places and of the draws.
        fakes: words from the generator's distribution, or by their frequency in the training text.
        rate: share of the words that are hidden.
        temperature: of the generator's distribution.
        put: position -> token id that stands there instead of a drawn one.
        top: candidates listed for a place.
    """
    chosen = choose_places(text, rate, seed)
    logp = log_probs(generator, hide(text, chosen)[None], [(0, i) for i in chosen]).astype(np.float64)
    uniform = np.random.default_rng([seed, 1]).random(len(chosen))
    by_frequency = token_counts() / max(1, token_counts().sum())
    given, places = text.input_ids.copy(), []

    def candidate(token_id: int, probs: npt.NDArray[np.float64]) -> Candidate:
        return Candidate(token_id, token_info(generator.tokenizer, token_id).token, float(probs[token_id]))

    for position, line, u in zip(chosen, logp, uniform, strict=True):
        heated = np.exp((line - line.max()) / temperature)
        heated /= heated.sum()
        drawn_from = heated if fakes == "generator" else by_frequency
        drawn = min(int(np.searchsorted(np.cumsum(drawn_from), u, side="right")), len(heated) - 1)
        drawn = (put or {}).get(position, drawn)
        best = np.argsort(-heated, kind="stable")[:top]
        own = int(text.input_ids[position])
        # The loss is that of the distribution itself: the temperature only changes the draw.
        places.append(Place(position, tuple(candidate(int(i), heated) for i in best), candidate(own, np.exp(line)), candidate(drawn, drawn_from)))  # fmt: skip
        given[position] = drawn
    return Round(given, tuple(places))


def suspicions(discriminator: LoadedModel, given: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """P(replaced) of every token of a text (seq,), (seq,)."""
    import torch

    with torch.inference_mode():
        logits = discriminator.forward(**as_inputs(discriminator, given[None])).logits[0]
        found: npt.NDArray[np.float64] = logits.double().sigmoid().numpy()
    return found


def surprisals(
    bert: LoadedModel, text: MaskableText, given: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Minus the log probability (nats) of each word of ``given`` when it alone is hidden, (seq,); 0 at special tokens.

    One pass a word: what a BERT knows of fakes without having learned to look for them.

    Args:
        bert: predicts masked tokens.
        text: what ``given`` was made from; only its special tokens count.
        given: token ids, (seq,).
    """
    places = [int(i) for i in np.flatnonzero(~text.special)]
    rows = np.repeat(given[None], len(places), 0)
    rows[np.arange(len(places)), places] = text.mask_token_id
    found = np.zeros(len(given))
    if places:
        logp = log_probs(bert, rows, list(enumerate(places)))
        found[places] = -logp[np.arange(len(places)), given[places]]
    return found


def discriminator_loss(
    suspicion: npt.NDArray[np.float64], replaced: npt.NDArray[np.bool_], judged: npt.NDArray[np.bool_]
) -> float:
    """Mean binary cross entropy over the judged places, nats."""
    p = np.where(replaced, suspicion, 1 - suspicion)[judged]
    return float(-np.log(np.maximum(p, 1e-12)).mean()) if len(p) else 0.0
