"""How the ways of choosing differ over held-out stories: the table of "Choosing a text", measured with a bundled GPT.

``python -m components.pretraining decoding-study`` continues the beginnings of stories that were kept out of training and
writes one line a strategy: what the model itself says of the texts, and how much they repeat. The end-of-text token is forbidden for all
of them alike, so that all texts are equally long. Numbers only: no sentence of the corpus goes into the file.
"""

import csv
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from components.lm.gpt.frontier import CachedFrontier, tell
from components.lm.gpt.strategies import Grown, Lane, distinct, repeated, write
from components.pretraining.corpus import Document

STRATEGIES: dict[str, Lane] = {
    "greedy": Lane("greedy"),
    "sample": Lane("sample"),
    "temperature 0.7": Lane("temperature", 0.7),
    "top_k 40": Lane("top_k", 40),
    "top_p 0.9": Lane("top_p", 0.9),
    "top_p 0.95": Lane("top_p", 0.95),
    "typical 0.95": Lane("typical", 0.95),
    "typical 0.5": Lane("typical", 0.5),
    "min_p 0.05": Lane("min_p", 0.05),
    "contrastive 0.6": Lane("contrastive", 0.6),
    "beam 2": Lane("beam", 2),
    "beam 4": Lane("beam", 4),
    "beam 8": Lane("beam", 8),
}


@dataclass(frozen=True)
class StudyLine:
    """One strategy over all texts. ``mean_logprob`` in nats per token, probabilities the model's own (temperature 1), shares 0…1."""

    strategy: str
    texts: int
    tokens: int
    mean_logprob: float
    mean_probability: float
    below_one_percent: float
    repeated_4grams: float
    distinct_3: float
    beats_greedy: float
    """Share of texts with a higher total log-probability than greedy's."""
    same_as_top_p_95: float
    """Share of texts that equal those of top-p 0.95."""


class Endless:
    """A frontier that never ends: the tokens of ``ends`` cannot be chosen."""

    def __init__(self, inner: CachedFrontier, ends: Sequence[int]) -> None:
        self._inner, self._ends = inner, list(ends)

    def _without(self, grown: Grown) -> Grown:
        scores = grown.scores.copy()
        scores[:, self._ends] = -np.inf
        return Grown(scores, grown.states)

    def begin(self, token_ids: Sequence[int]) -> Grown:
        """Read one text anew."""
        return self._without(self._inner.begin(token_ids))

    def step(self, parents: Sequence[int], token_ids: Sequence[int]) -> Grown:
        """Read one token more behind each parent."""
        return self._without(self._inner.step(parents, token_ids))


def beginnings(
    documents: Sequence[Document],
    encode: Callable[[str], Sequence[int]],
    count: int,
    prompt: int,
    tokens: int,
) -> list[tuple[list[int], list[int]]]:
    """(prompt, how the text goes on) as token ids, of documents spread evenly over those that are long enough."""
    found = []
    for document in documents:
        ids = list(encode(document.text))
        if len(ids) >= prompt + tokens:
            found.append((ids[:prompt], ids[prompt : prompt + tokens]))
    step = max(1, len(found) // count)
    return found[::step][:count]


def study(
    model: Any,
    texts: Sequence[tuple[Sequence[int], Sequence[int]]],
    ends: Sequence[int],
    say: Callable[[str], None] = print,
) -> list[StudyLine]:
    """Continue every beginning with every strategy; the text itself comes first, as ``story``."""
    frontier = Endless(CachedFrontier(model), ends)
    story = [list(text) for _, text in texts]
    written: dict[str, list[list[int]]] = {"story": story}
    for name, lane in STRATEGIES.items():
        written[name] = [
            write(frontier, prompt, lane, len(text), seed) for seed, (prompt, text) in enumerate(texts)
        ]
        say(name)
    told = {name: [tell(model, prompt, text).logprobs for (prompt, _), text in zip(texts, lines, strict=True)] for name, lines in written.items()}  # fmt: skip
    greedy = [sum(line) for line in told["greedy"]]
    lines = []
    for name, made in written.items():
        flat = np.array([value for line in told[name] for value in line])
        lines.append(
            StudyLine(
                strategy=name,
                texts=len(texts),
                tokens=flat.size,
                mean_logprob=round(float(flat.mean()), 3),
                mean_probability=round(float(np.exp(flat).mean()), 3),
                below_one_percent=round(float((flat < np.log(0.01)).mean()), 4),
                repeated_4grams=round(statistics.fmean(repeated(text) for text in made), 4),
                distinct_3=round(statistics.fmean(distinct(text, 3) for text in made), 4),
                beats_greedy=round(statistics.fmean(sum(line) > best + 1e-3 for line, best in zip(told[name], greedy, strict=True)), 4),
                same_as_top_p_95=round(statistics.fmean(a == b for a, b in zip(made, written["top_p 0.95"], strict=True)), 4),
            )
        )  # fmt: skip
    return lines


def save(lines: Sequence[StudyLine], path: Path) -> None:
    """Write the table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [field.name for field in fields(StudyLine)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(line) for line in lines)
