"""Pre-training objectives as exercises: what a model is given, what it must predict, where there is loss, who sees whom.

Masked words: Devlin et al. 2019, https://arxiv.org/abs/1810.04805, 3.1; whole words: the same authors' later release; spans: Joshi
et al. 2020, https://arxiv.org/abs/1907.10529, 3; the next token: Radford et al. 2018; prefix language model and span corruption:
Raffel et al. 2020, https://arxiv.org/abs/1910.10683, 3.2 and 3.1.4.

    >>> made = exercise("mlm", ("a", "red", "ball"), (1,))
    >>> made.inputs, made.targets
    (('a', '[MASK]', 'ball'), ('', 'red', ''))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from components.lm.transformer.attention_patterns import Pattern, bidirectional, causal, prefix_lm
from components.lm.transformer.spans import Span, corrupt

Objective = Literal["mlm", "whole_word", "span", "next", "prefix", "corruption"]
Architecture = Literal["encoder", "decoder", "prefix", "encoder_decoder"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)
ARCHITECTURE: Mapping[Objective, Architecture] = {
    "mlm": "encoder",
    "whole_word": "encoder",
    "span": "encoder",
    "next": "decoder",
    "prefix": "prefix",
    "corruption": "encoder_decoder",
}
MASK, START = "[MASK]", "<s>"


@dataclass(frozen=True, eq=False)
class Exercise:
    """One text made into an exercise.

    ``picks`` are the tokens that were hidden (for the prefix: the first token that is not of it). ``inputs`` is what the model
    reads, ``given`` what its decoder reads if it has two halves. ``targets`` has one entry for each position that could give loss
    (of ``given``, else of ``inputs``), empty where there is none. ``allowed`` (query, key): who sees whom, inputs before given.
    """

    objective: Objective
    tokens: tuple[str, ...]
    picks: tuple[int, ...]
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    targets: tuple[str, ...]
    allowed: Pattern

    @property
    def num_losses(self) -> int:
        """Positions that give loss."""
        return sum(bool(target) for target in self.targets)


def runs(picks: Sequence[int]) -> list[Span]:
    """Neighbouring places as spans.

    >>> runs([1, 2, 5])
    [(1, 3), (5, 6)]
    """
    spans: list[Span] = []
    for place in sorted(set(picks)):
        if spans and spans[-1][1] == place:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return spans


def encoder_decoder(num_inputs: int, num_given: int) -> Pattern:
    """An encoder sees its input; a decoder sees that too, and what it was given before.

    >>> encoder_decoder(1, 2).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    allowed = prefix_lm(num_inputs + num_given, num_inputs)
    allowed[:num_inputs, num_inputs:] = False
    return allowed


def pattern(architecture: Architecture, num_inputs: int, more: int) -> Pattern:
    """Who sees whom; ``more`` is the length of the prefix, or of what a decoder is given beside ``num_inputs``."""
    if architecture == "encoder":
        return bidirectional(num_inputs)
    if architecture == "decoder":
        return causal(num_inputs)
    if architecture == "prefix":
        return prefix_lm(num_inputs, more)
    return encoder_decoder(num_inputs, more)


def exercise(
    objective: Objective,
    tokens: Sequence[str],
    picks: Sequence[int],
    word_ids: Sequence[int | None] | None = None,
) -> Exercise:
    """Make an exercise of a text.

    Args:
        objective: one of :data:`OBJECTIVES`.
        tokens: the text as the model reads it.
        picks: what to hide; of "next" nothing is, of "prefix" the first is where the prediction begins, of "span" the first and the last count.
        word_ids: which word each token is of, for "whole_word"; None is a token of no word.

    Raises:
        ValueError: a pick is outside the text, there is none where one is needed, or "corruption" has more spans than sentinels.
    """
    n, chosen = len(tokens), sorted(set(picks))
    if any(not 0 <= place < n for place in chosen) or not (chosen or objective == "next"):
        raise ValueError(f"picks must be places in the text of {n} tokens: {list(picks)}")
    inputs, given, targets = list(tokens), [], [""] * n
    if objective == "corruption":
        inputs, target = corrupt(tokens, runs(chosen))
        given, targets = [START, *target[:-1]], target
        allowed = encoder_decoder(len(inputs), len(given))
    elif objective in ("next", "prefix"):
        first = 1 if objective == "next" else max(1, chosen[0])
        chosen = [] if objective == "next" else [first]
        targets = [tokens[i + 1] if first - 1 <= i < n - 1 else "" for i in range(n)]
        allowed = causal(n) if objective == "next" else prefix_lm(n, first)
    else:
        if objective == "whole_word" and word_ids is not None:
            words = {word_ids[place] for place in chosen} - {None}
            chosen = [i for i in range(n) if i in chosen or word_ids[i] in words]
        elif objective == "span":
            chosen = list(range(chosen[0], chosen[-1] + 1))
        for place in chosen:
            inputs[place], targets[place] = MASK, tokens[place]
        allowed = bidirectional(n)
    return Exercise(
        objective,
        tuple(tokens),
        tuple(chosen),
        tuple(inputs),
        tuple(given),
        tuple(targets),
        np.asarray(allowed),
    )
