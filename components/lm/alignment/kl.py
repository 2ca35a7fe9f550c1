"""How far a model has moved from the one it was: on its own texts, token by token.

``log_ratios`` is log π(x) − log π_old(x) of every written token: how much more the new model expects it than the old one did.
Summed over a text it is one draw whose mean over many texts is the Kullback-Leibler divergence KL(π ‖ π_old); a single draw may be
negative. ``exact_kl`` takes the mean over the whole vocabulary at every place instead of the one token that was drawn,
Σ_v π(v) (log π(v) − log π_old(v)), which is never negative and has the same mean over texts (both by the chain rule of the
divergence). Used as a penalty: Ziegler et al. 2019, https://arxiv.org/abs/1909.08593, section 2; Ouyang et al. 2022
(InstructGPT), https://arxiv.org/abs/2203.02155, equation 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

TOGETHER = 4
"""Tokens written between two yields of `writing`."""


@dataclass(frozen=True)
class Texts:
    """Beginnings and what was written after each, as token ids; a text that ended has the end's token as its last."""

    beginnings: tuple[tuple[int, ...], ...]
    written: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if len(self.beginnings) != len(self.written):
            raise ValueError("every beginning has one text")
        if not all(self.beginnings) or not all(self.written):
            raise ValueError("a beginning and a text have at least one token")

    def __len__(self) -> int:
        return len(self.written)

    def part(self, start: int, end: int) -> Texts:
        """Return some of the texts."""
        return Texts(self.beginnings[start:end], self.written[start:end])


def filled_left(prompts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
    """Return prompts of any lengths as one batch: ids, what may be attended to (0 or 1), and positions, each (prompt, seq).

    The shorter are filled with 0 at their left end, where nothing attends, so that all go on at the same place.
    """
    import torch

    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(row)) + list(row) for row in prompts])
    mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in prompts])
    return ids, mask, (mask.cumsum(1) - 1).clamp(min=0)


def writing(
    model: PreTrainedModel,
    beginnings: Sequence[Sequence[int]],
    *,
    new_tokens: int,
    end: int | None,
    generator: torch.Generator,
) -> Iterator[Texts | None]:
    """Write a text after every beginning, all at once, each token drawn at temperature 1 from the whole vocabulary.

    Yields None every few tokens, so that a caller can stop or give way, and the texts at the end.

    Args:
        model: a causal model with a cache of keys and values.
        beginnings: token ids, of any lengths; the shorter are filled up on the left, where nothing attends.
        new_tokens: at most so many a text.
        end: id of the token that ends a text, None if none does.
        generator: where the draws come from; the same state gives the same texts on the same machine.
    """
    import torch

    ids, mask, places = filled_left(beginnings)
    cache: Any = None
    drawn: list[list[int]] = [[] for _ in beginnings]
    ended = [False] * len(beginnings)
    for count in range(new_tokens):
        with torch.no_grad():
            out = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=places,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            tokens = torch.multinomial(out.logits[:, -1].float().softmax(-1), 1, generator=generator)
        cache = out.past_key_values
        for row, token in enumerate(tokens[:, 0].tolist()):
            if not ended[row]:
                drawn[row].append(token)
                ended[row] = token == end
        if all(ended):
            break
        ids, places = tokens, places[:, -1:] + 1
        mask = torch.cat([mask, mask.new_ones(len(drawn), 1)], 1)
        if count % TOGETHER == TOGETHER - 1:
            yield None
    yield Texts(tuple(map(tuple, beginnings)), tuple(map(tuple, drawn)))


def write(
    model: PreTrainedModel,
    beginnings: Sequence[Sequence[int]],
    *,
    new_tokens: int,
    end: int | None,
    generator: torch.Generator,
) -> Texts:
    """Write a text after every beginning without a pause; see `writing`."""
    *_, texts = writing(model, beginnings, new_tokens=new_tokens, end=end, generator=generator)
    assert texts is not None
    return texts


def log_distributions(model: PreTrainedModel, texts: Texts) -> Tensor:
    """Return what a model expected at every written token: log-probabilities (written token, vocabulary), text after text.

    Texts are filled up behind their end, which a causal model cannot see. Gradients flow unless the caller forbids them.
    """
    import torch

    rows = [(*begin, *text) for begin, text in zip(texts.beginnings, texts.written, strict=True)]
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
    before = [
        [len(begin) - 1 <= at < len(row) - 1 for at in range(width)]
        for begin, row in zip(texts.beginnings, rows, strict=True)
    ]
    # Only the places in front of a written token go through the output matrix: it is most of the work.
    states = model.base_model(input_ids=ids).last_hidden_state[torch.tensor(before)]
    found: Tensor = model.get_output_embeddings()(states).float().log_softmax(-1)
    return found


def written_log_probs(distributions: Tensor, texts: Texts) -> Tensor:
    """Return the log-probabilities of the written tokens themselves, (written token,)."""
    import torch

    tokens = torch.tensor([token for text in texts.written for token in text])
    return distributions.gather(1, tokens[:, None])[:, 0]


def exact_kl(new: Tensor, old: Tensor) -> Tensor:
    """Return KL(new ‖ old) at every written token, in nats, from log-probabilities (written token, vocabulary).

    Each distribution is divided by its sum in double precision first: in single, two that differ by nothing but rounding come out
    as some -1e-8. What is left below 0 is rounding.

    >>> import torch
    >>> half, quarter = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    >>> round(float(exact_kl(half, quarter)), 4)  # 0.5 log 2 + 0.5 log 2/3
    0.1438
    """
    import torch

    p = new.exp()
    one, other = (part.sum(-1, dtype=torch.double) for part in (p, old.exp()))
    found: Tensor = (p * (new - old)).sum(-1, dtype=torch.double) / one - one.log() + other.log()
    return found.clamp(min=0)


def by_text(values: Tensor, texts: Texts) -> list[Tensor]:
    """Return one value a written token, cut into the texts."""
    return list(values.split([len(text) for text in texts.written]))


@dataclass(frozen=True)
class Distance:
    """Of every text: the log ratio of each written token, and the exact KL summed over its tokens; and the old model's loss.

    ``old_loss`` is the mean of −log π_old over all written tokens: how surprised the old model is.
    """

    log_ratios: tuple[tuple[float, ...], ...]
    kl: tuple[float, ...]
    old_loss: float

    @property
    def mean_kl(self) -> float:
        """The mean over the texts, in nats a text."""
        return sum(self.kl) / len(self.kl)


def distance(model: PreTrainedModel, old: PreTrainedModel, texts: Texts, *, batch: int = 6) -> Distance:
    """Return how far a model is from the old one on texts, ``batch`` of them at a time. The old one itself is read once."""
    import torch

    ratios: list[tuple[float, ...]] = []
    kl: list[float] = []
    surprise = 0.0
    for start in range(0, len(texts), batch):
        part = texts.part(start, start + batch)
        with torch.no_grad():
            old_rows = log_distributions(old, part)
            expected = written_log_probs(old_rows, part)
            difference = each_kl = torch.zeros(len(expected))
            if model is not old:
                new_rows = log_distributions(model, part)
                difference, each_kl = (
                    written_log_probs(new_rows, part) - expected,
                    exact_kl(new_rows, old_rows),
                )
            ratios += [tuple(one.tolist()) for one in by_text(difference, part)]
            kl += [float(one.sum()) for one in by_text(each_kl, part)]
            surprise -= float(expected.sum())
    return Distance(tuple(ratios), tuple(kl), surprise / sum(map(len, texts.written)))
