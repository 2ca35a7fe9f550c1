"""T5's span corruption: gaps in a text, and a target that fills them.

Raffel et al. 2020, https://arxiv.org/abs/1910.10683, section 3.1.4 and figure 2: each span that is cut out leaves one
sentinel symbol in the input; the target holds every sentinel followed by what it stands for, and one more sentinel at
the end. The sentinels are written <X>, <Y>, <Z> as in that figure.

    >>> inputs, targets = corrupt(list("thank you"), [(2, 4), (6, 7)])
    >>> "".join(inputs), "".join(targets)
    ('th<X>k <Y>ou', '<X>an<Y>y<Z>')
    >>> "".join(rebuild(inputs, targets))
    'thank you'
"""

from collections.abc import Sequence

SENTINELS = ("<X>", "<Y>", "<Z>")
MAX_SPANS = len(SENTINELS) - 1  # one more sentinel ends the target

Span = tuple[int, int]  # first symbol, and the one after the last


def corrupt(symbols: Sequence[str], spans: Sequence[Span]) -> tuple[list[str], list[str]]:
    """(input, target) of a text whose ``spans`` are cut out.

    Spans are in order, not empty, and at least one symbol apart (two that touch would be one gap with two answers).
    Raises ``ValueError`` otherwise, or with more than ``MAX_SPANS`` of them.
    """
    if len(spans) > MAX_SPANS:
        raise ValueError(f"at most {MAX_SPANS} spans: {len(spans)}")
    inputs: list[str] = []
    targets: list[str] = []
    after = 0
    for sentinel, (start, end) in zip(SENTINELS, spans, strict=False):
        touches = bool(targets) and start == after
        if touches or not after <= start < end <= len(symbols):
            raise ValueError(f"spans must be in order, apart and inside the text: {list(spans)}")
        inputs += [*symbols[after:start], sentinel]
        targets += [sentinel, *symbols[start:end]]
        after = end
    inputs += symbols[after:]
    return inputs, [*targets, SENTINELS[len(spans)]]


def split_fills(targets: Sequence[str]) -> dict[str, list[str]]:
    """What a target, also one a model wrote, puts for each sentinel; symbols before the first one are left out.

    >>> split_fills(["<X>", "a", "n", "<Y>"])
    {'<X>': ['a', 'n'], '<Y>': []}
    """
    fills: dict[str, list[str]] = {}
    current: list[str] | None = None
    for symbol in targets:
        if symbol in SENTINELS:
            current = fills.setdefault(symbol, [])
        elif current is not None:
            current.append(symbol)
    return fills


def rebuild(inputs: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The text with its gaps filled; a sentinel that the target does not fill stays as it is."""
    fills = split_fills(targets)
    text: list[str] = []
    for symbol in inputs:
        text += fills.get(symbol) or [symbol]
    return text
