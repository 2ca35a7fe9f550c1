"""Say it when a text is in letters that a model has never learned, and which bundled model has: what it makes of them means nothing."""

import unicodedata

from components.lm.checkpoints.bundled import KOREAN_BERT, KOREAN_GPT, best_bert
from components.lm.checkpoints.model_card import ModelCard
from components.shell.layout import note_line
from components.shell.loading import FIRST_MODEL
from components.words import t

LAST_LATIN = 0x24F
"""The last code point of the blocks of Latin letters that European languages are written with."""


def other_letters(*texts: str) -> bool:
    """Return whether a text has letters outside Latin; ``assets/elements/gpt/writer.js`` asks the same."""
    return any(letter.isalpha() and ord(letter) > LAST_LATIN for text in texts for letter in text)


def has_hangul(*texts: str) -> bool:
    """Return whether a text has a Hangul syllable, however it is encoded."""
    return any("가" <= letter <= "힣" for text in texts for letter in unicodedata.normalize("NFC", text))


def reads_korean(card: ModelCard) -> bool:
    """Return whether a model was trained on Korean, alone or among other languages."""
    return "ko" in card.languages or "multilingual" in card.languages


def foreign(card: ModelCard, *texts: str) -> bool:
    """Return whether no text is in a language that the model learned: letters outside Latin for one of English only, letters and
    no Hangul for one of Korean only."""
    if card.languages == ("ko",):
        return any(letter.isalpha() for text in texts for letter in text) and not has_hangul(*texts)
    return card.languages == ("en",) and other_letters(*texts)


def say_if_foreign(card: ModelCard, *texts: str, offer: bool = True) -> None:
    """Draw one line about it, and what to type or to choose instead; without ``offer`` where no model can be chosen."""
    if not foreign(card, *texts):
        return
    writes = card.can("generation")
    if card.languages == ("ko",):
        other = FIRST_MODEL if writes else best_bert()
        note_line(t("models", "korean_only", model=card.name, other=other))
    elif offer and has_hangul(*texts):
        other = KOREAN_GPT if writes else KOREAN_BERT
        note_line(t("models", "english_only_offer", model=card.name, other=other))
    else:
        note_line(t("models", "english_only", model=card.name))
