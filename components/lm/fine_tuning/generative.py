"""GPT-1's recipe (Radford et al. 2018, 3.2 and 3.3): one left-to-right model, every task as a row of tokens.

A task's texts are put between three new tokens, ``[start]``, ``[delim]`` and ``[extract]``, whose embeddings are the only
new ones; a linear layer reads the last vector at ``[extract]``. The loss is L3 = L2 + λ·L1: L2 of the labels, L1 of the
next token of the same text (its new tokens are no targets).

>>> [" ".join(row) for row in arrange("similarity", ["A cat.", "A kitten."])]
['[start] A cat. [delim] A kitten. [extract]', '[start] A kitten. [delim] A cat. [extract]']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from components.lm.reading import beginning_ids, pieces

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Parameter

    from components.lm.checkpoints import LoadedModel

Form = Literal["classification", "entailment", "similarity", "multiple_choice"]
FORMS: tuple[Form, ...] = ("classification", "entailment", "similarity", "multiple_choice")
SPECIAL = ("[start]", "[delim]", "[extract]")
NEW_DEVIATION = 0.02
"""Of the new embeddings and of the head, as GPT-1 draws all its weights (4.1)."""


def arrange(form: Form, texts: Sequence[str]) -> list[list[str]]:
    """Return the rows that a task of this form sends through the model (figure 1 of the paper).

    ``texts``: one for ``classification``; premise and hypothesis for ``entailment``; two for ``similarity``, sent in both
    orders; context with question, then the answers, for ``multiple_choice``, one row an answer.

    Raises:
        ValueError: another number of texts than the form has.
    """
    start, delim, extract = SPECIAL
    if form == "classification" and len(texts) == 1:
        return [[start, texts[0], extract]]
    if form == "entailment" and len(texts) == 2:
        return [[start, texts[0], delim, texts[1], extract]]
    if form == "similarity" and len(texts) == 2:
        return [[start, one, delim, other, extract] for one, other in (texts, tuple(reversed(texts)))]
    if form == "multiple_choice" and len(texts) > 2:
        return [[start, texts[0], delim, answer, extract] for answer in texts[1:]]
    raise ValueError(f"{form} with {len(texts)} texts")


def row_ids(row: Sequence[str], loaded: LoadedModel, vocab_size: int) -> list[int]:
    """Return the token ids of a row; the new tokens come after the vocabulary."""
    ids: list[int] = []
    for piece in row:
        if piece in SPECIAL:
            ids.append(vocab_size + SPECIAL.index(piece))
        else:
            ids += pieces(loaded, piece)
    return ids


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    ``carried``: -1 takes nothing over from pre-training, 0 the embeddings, k the embeddings and the first k blocks;
    the last block brings the final layer norm with it. The rest is drawn anew by ``seed``.
    """

    carried: int
    seed: int = 0
    classes: int = 2


def draw_anew(module: torch.nn.Module, generator: torch.Generator) -> None:
    """Give a module the weights of a random start as GPT-2 draws them, by a generator of one's own.

    Matrices and embeddings at a deviation of 0.02, the two that write into the residual stream smaller by the root of
    their number; biases 0, layer norms 1 (Radford et al. 2019, 2.3).
    """
    import torch

    names = dict(module.named_parameters())
    writing = sum(name.endswith("c_proj.weight") for name in names)
    with torch.no_grad():
        for name, weight in names.items():
            if weight.dim() > 1:
                deviation = NEW_DEVIATION / (writing**0.5 if name.endswith("c_proj.weight") else 1)
                weight.copy_(torch.randn(weight.shape, generator=generator) * deviation)
            else:
                weight.fill_(0.0 if name.endswith("bias") else 1.0)


class GenerativeTask:
    """A GPT-2 model with three new embeddings and a linear head at ``[extract]``; nothing else is added."""

    def __init__(self, loaded: LoadedModel, start: Start) -> None:
        import torch
        from transformers import GPT2Model

        pretrained = loaded.model.transformer
        config = pretrained.config
        if not -1 <= start.carried <= config.n_layer:
            raise ValueError(f"{start.carried} layers of {config.n_layer}")
        self.vocab_size, self.loaded = int(config.vocab_size), loaded
        generator = torch.Generator().manual_seed(start.seed + 1000)
        self.body: Any = GPT2Model(config)
        draw_anew(self.body, generator)
        self.special = torch.nn.Parameter(
            torch.randn(len(SPECIAL), config.n_embd, generator=generator) * NEW_DEVIATION
        )
        self.head = torch.nn.Linear(config.n_embd, start.classes)
        draw_anew(self.head, generator)
        parts = [
            ("wte", 0),
            ("wpe", 0),
            *((f"h.{i}", i + 1) for i in range(config.n_layer)),
            ("ln_f", config.n_layer),
        ]
        for name, from_carried in parts:
            if start.carried >= from_carried:
                self.body.get_submodule(name).load_state_dict(pretrained.get_submodule(name).state_dict())
        self.body.float().eval()  # no dropout: the bundled models were trained without, and a step can be done again
        self.body.requires_grad_(True)

    def parameters(self) -> list[Parameter]:
        """Return everything that is trained: all of the body, the new embeddings, the head."""
        return [*self.body.parameters(), self.special, *self.head.parameters()]

    @property
    def trained(self) -> list[Parameter]:
        """The same, as the tasks of an encoder call it."""
        return self.parameters()

    def _vectors(self, ids: Tensor) -> Tensor:
        """Return the last vectors (batch, seq, width) of padded rows (batch, seq)."""
        import torch

        new = ids >= self.vocab_size
        embedded = self.body.wte(ids.masked_fill(new, 0))
        extra = self.special[(ids - self.vocab_size).clamp(0, len(SPECIAL) - 1)]
        vectors: Tensor = self.body(
            inputs_embeds=torch.where(new[..., None], extra, embedded)
        ).last_hidden_state
        return vectors

    def read(self, rows: Sequence[Sequence[int]], *, lm: bool = False) -> tuple[Tensor, list[Tensor]]:
        """Return the head's logits (batch, classes) and, if ``lm``, each row's L1 losses.

        A row's losses stand at its tokens 1 … n - 1, in nats; where the target is a new token, NaN.
        (Rows are filled at their right end, which no earlier position can see.)
        """
        import torch

        width = max(map(len, rows))
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
        vectors = self._vectors(ids)
        last = torch.tensor([len(row) - 1 for row in rows])
        logits = self.head(vectors[torch.arange(len(rows)), last])
        return logits, self._token_losses(vectors, ids, [len(row) for row in rows]) if lm else []

    def choose(self, form: Form, rows: Sequence[Sequence[int]]) -> Tensor:
        """Return the logits (choice,) of one example of any form, from its rows (figure 1 of the paper).

        One row is read as it is. The vectors of a ``similarity``'s two orders are added before the head, of whose scores a
        bias counts once; a ``multiple_choice`` takes the head's first score of each row, and its choices are the rows.
        """
        scores, _ = self.read(rows)
        if form == "multiple_choice":
            return scores[:, 0]
        return scores.sum(0) - (len(rows) - 1) * self.head.bias

    def _token_losses(self, vectors: Tensor, ids: Tensor, lengths: Sequence[int]) -> list[Tensor]:
        import torch

        scores = torch.nn.functional.linear(vectors[:, :-1], self.body.wte.weight)
        targets = ids[:, 1:]
        usable = targets < self.vocab_size
        losses = torch.nn.functional.cross_entropy(
            scores.flatten(0, 1), targets.masked_fill(~usable, 0).flatten(), reduction="none"
        ).view(targets.shape)
        losses = losses.masked_fill(~usable, float("nan"))
        return [losses[i, : n - 1] for i, n in enumerate(lengths)]

    def loss(self, rows: Sequence[Sequence[int]], labels: Sequence[int], weight: float) -> Tensor:
        """Return L3 = L2 + ``weight``·L1 of a batch (equations 3 to 5 of the paper; means, in nats)."""
        import torch

        logits, per_token = self.read(rows, lm=weight > 0)
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(list(labels)))
        if weight > 0:
            tokens = torch.cat(per_token)
            loss = loss + weight * tokens[~tokens.isnan()].mean()
        return loss


@dataclass(frozen=True)
class Reading:
    """What a model makes of rows: ``probs`` (row, class); ``losses``: L1 at each token from the second on, NaN for new ones."""

    probs: list[list[float]]
    losses: list[list[float]]


def read_rows(
    task: GenerativeTask, rows: Sequence[Sequence[int]], *, lm: bool = False, batch: int = 30
) -> Reading:
    """Read rows without training."""
    import torch

    probs: list[list[float]] = []
    losses: list[list[float]] = []
    with torch.inference_mode():
        for i in range(0, len(rows), batch):
            logits, per_token = task.read(rows[i : i + batch], lm=lm)
            probs += logits.softmax(-1).tolist()
            losses += [row.tolist() for row in per_token]
    return Reading(probs, losses)


def log_likelihood(loaded: LoadedModel, texts: Sequence[str]) -> list[float]:
    """Return the log-probability in nats of each text after the model's beginning-of-text token."""
    import torch

    found = []
    begin = beginning_ids(loaded)
    with torch.inference_mode():
        for text in texts:
            ids: torch.Tensor = torch.tensor([[*begin, *pieces(loaded, text)]])
            scores = loaded.model(ids).logits[0, :-1].log_softmax(-1)
            found.append(float(scores.gather(1, ids[0, 1:, None]).sum()))
    return found
