"""What "Who may look at whom" gives away."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from components.lessons.transformer import masks as page
from components.lm.checkpoints.model_card import ModelCard
from components.lm.transformer.word_context import word_spans
from components.shell.layout import Export

if TYPE_CHECKING:
    from components.lm.transformer.word_context import WordGuess


def export(
    cards: list[ModelCard],
    here: bool,
    readers: "list[tuple[str, WordGuess]]",
    text: str,
    flips: Sequence[int],
) -> Export:
    """Return the guesses on screen and the cells that were opened or closed.

    Args:
        here: whether the browser computed the guesses; they are then computed again, on click.
        readers: what each model guessed, where the server computed it.
        flips: the changed cells of the four masks, numbered as the link numbers them.
    """

    def rows() -> list[dict[str, Any]]:
        if not here:
            return page.as_rows(readers)
        whole = page.sentence(cards)
        return page.as_rows(page.readers(cards, whole, page.word(whole)))

    word = text[slice(*word_spans(text)[page.word(text)])]
    return Export(
        name="masks",
        caption=f"{text} · {' · '.join(card.name for card in cards)}",
        about={
            "sentence": text,
            "word": word,
            "model": ", ".join(card.name for card in cards),
            "revision": ", ".join(card.revision for card in cards),
        },
        models=[card.name for card in cards],
        tables={"guesses": rows},
        result=lambda: {"guesses": rows(), "flips": list(flips)},
    )
