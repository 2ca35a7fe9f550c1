"""Say it when a text is in letters that a model has never learned: what it makes of them means nothing."""

from components.lm.checkpoints.model_card import ModelCard
from components.shell.layout import note_line
from components.words import t

LAST_LATIN = 0x24F
"""The last code point of the blocks of Latin letters that European languages are written with."""


def other_letters(*texts: str) -> bool:
    """Return whether a text has letters outside Latin; ``assets/elements/gpt/writer.js`` asks the same."""
    return any(letter.isalpha() and ord(letter) > LAST_LATIN for text in texts for letter in text)


def foreign(card: ModelCard, *texts: str) -> bool:
    """Return whether a text has letters outside Latin, and the model learned English only."""
    return card.languages == ("en",) and other_letters(*texts)


def say_if_foreign(card: ModelCard, *texts: str) -> None:
    """Draw one line about it, and what to type instead."""
    if foreign(card, *texts):
        note_line(t("models", "english_only", model=card.name))
