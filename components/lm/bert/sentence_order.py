"""Next sentence or sentence order: what each task can teach, and how far a judge comes that reads no sentence.

BERT's negatives come from another document (Devlin et al. 2019), ALBERT's are the same two sentences exchanged (Lan et al.
2020, https://arxiv.org/abs/1909.11942, section 3.1 and Table 5). A judge that sees only which words A and B share is
symmetric in A and B: it can tell another topic, and of an exchanged pair it says the same as of the pair. A second judge
sees which words are in A and which in B, and so what order leaves in the words; neither sees a sentence.

>>> idf = np.ones(10)
>>> shared_features([3, 4], [4, 5], idf).tolist() == shared_features([4, 5], [3, 4], idf).tolist()
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from components.lm.reading import inputs, read

if TYPE_CHECKING:
    from components.lm.checkpoints import LoadedModel

Task = Literal["nsp", "sop"]
TASKS: tuple[Task, ...] = ("nsp", "sop")
FOLDER = "after_bert/nano-albert"
JUDGES = "judges.npz"
Floats = npt.NDArray[np.float64]
Ids = Sequence[int]


def shared_features(a: Ids, b: Ids, idf: Floats) -> Floats:
    """(words shared, their summed rarity, their part of all different words), (3,): the same for (a, b) and (b, a).

    Args:
        a: token ids of the first sentence.
        b: of the second.
        idf: rarity of each token, log(documents / documents with it), (vocab,).
    """
    first, second = set(a), set(b)
    both = sorted(first & second)
    rarity = float(idf[both].sum()) if both else 0.0
    return np.array([len(both), rarity, len(both) / max(1, len(first | second))])


@dataclass(frozen=True, eq=False)
class Shared:
    """A judge that sees :func:`shared_features` and nothing else: a logistic regression."""

    weights: Floats  # (3,)
    bias: float

    def logit(self, features: Floats) -> Floats:
        """Log odds of "B follows A" for features (..., 3)."""
        return np.asarray(features @ self.weights + self.bias)


@dataclass(frozen=True, eq=False)
class Apart:
    """A judge that sees which words are in A and which in B: one weight a word and side."""

    first: Floats  # (vocab,)
    second: Floats
    bias: float

    def logit(self, a: Ids, b: Ids) -> float:
        """Log odds of "B follows A"."""
        return float(self.first[sorted(set(a))].sum() + self.second[sorted(set(b))].sum() + self.bias)


def probability(logit: npt.ArrayLike) -> Floats:
    """Log odds -> probability."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(logit, np.float64))))


def fit_shared(features: Floats, follows: npt.NDArray[np.bool_]) -> Shared:
    """Fit the symmetric judge to pairs: features (pairs, 3), whether B follows (pairs,)."""
    import torch

    mean, spread = features.mean(0), features.std(0) + 1e-9
    x, y = torch.from_numpy((features - mean) / spread), torch.from_numpy(follows.astype(np.float64))
    w = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([w], max_iter=100)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(x @ w[:-1] + w[-1], y) + 1e-4 * w @ w
        loss.backward()
        return loss

    optimizer.step(closure)
    found = w.detach().numpy()
    weights = found[:-1] / spread
    return Shared(weights, float(found[-1] - (weights * mean).sum()))


def fit_apart(
    a: Sequence[Ids],
    b: Sequence[Ids],
    follows: npt.NDArray[np.bool_],
    vocab_size: int,
    *,
    passes: int = 6,
    decay: float = 1e-3,
    seed: int = 0,
) -> Apart:
    """Fit the judge that sees A and B apart to pairs, by AdamW with ``decay`` over so many ``passes``."""
    import torch

    torch.manual_seed(seed)
    sides = [torch.nn.EmbeddingBag(vocab_size, 1, mode="sum") for _ in range(2)]
    for side in sides:
        torch.nn.init.zeros_(side.weight)
    bias = torch.nn.Parameter(torch.zeros(1))
    rows = [[torch.tensor(sorted(set(ids))) for ids in part] for part in (a, b)]
    y = torch.from_numpy(follows.astype(np.float32))
    optimizer = torch.optim.AdamW([*sides[0].parameters(), *sides[1].parameters(), bias], 2e-2, weight_decay=decay / 2e-2)  # fmt: skip
    size = 512
    for number in range(passes):
        for group in optimizer.param_groups:
            group["lr"] = 2e-2 * (1 - number / passes)
        for chosen in torch.randperm(len(y)).split(size):
            logits = bias.expand(len(chosen))
            for side, part in zip(sides, rows, strict=True):
                bags = [part[i] for i in chosen]
                offsets = torch.tensor([0, *(len(bag) for bag in bags[:-1])]).cumsum(0)
                logits = logits + side(torch.cat(bags), offsets)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    first, second = (side.weight.detach().double().numpy()[:, 0] for side in sides)
    return Apart(first, second, float(bias.detach()))


# --- What ships beside nano-albert ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judges:
    """Both judges, fitted to each task, with the rarity of the words."""

    idf: Floats
    shared: Mapping[Task, Shared]
    apart: Mapping[Task, Apart]

    def save(self, path: Path) -> None:
        """Write them in one ``.npz``."""
        arrays: dict[str, Any] = {"idf": self.idf.astype(np.float32)}
        for task in TASKS:
            arrays[f"{task}_shared"] = np.append(self.shared[task].weights, self.shared[task].bias)
            arrays[f"{task}_first"] = self.apart[task].first.astype(np.float32)
            arrays[f"{task}_second"] = self.apart[task].second.astype(np.float32)
            arrays[f"{task}_bias"] = np.array(self.apart[task].bias)
        np.savez_compressed(path, **arrays)


@cache
def load_judges(path: Path | None = None) -> Judges:
    """Return the judges that ship, about 40 kB."""
    from components.lm.checkpoints import BUNDLED_FOLDER

    with np.load(path or BUNDLED_FOLDER / FOLDER / JUDGES) as arrays:
        kept = {name: arrays[name].astype(np.float64) for name in arrays.files}
    return Judges(
        kept["idf"],
        {task: Shared(kept[f"{task}_shared"][:-1], float(kept[f"{task}_shared"][-1])) for task in TASKS},
        {
            task: Apart(kept[f"{task}_first"], kept[f"{task}_second"], float(kept[f"{task}_bias"]))
            for task in TASKS
        },
    )


def load_albert() -> LoadedModel:
    """Return nano-albert with both its heads."""
    from components.lm import checkpoints

    return checkpoints.load_unlisted(FOLDER, "AlbertForPreTraining")


def in_order(loaded: LoadedModel, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """P(A comes before B) of each pair by ALBERT's sentence-order head, in one batch.

    Raises:
        CannotRead: a token has no row in the model.
    """
    import torch

    readings = [read(loaded, first, second, cut="longer") for first, second in pairs]
    with torch.inference_mode():
        logits = loaded.forward(**inputs(loaded, readings)).sop_logits
        found: list[float] = logits.float().softmax(-1)[:, 0].tolist()
    return found
