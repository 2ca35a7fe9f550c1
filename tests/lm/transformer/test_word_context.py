"""A word guessed from the left and from both sides."""

from pathlib import Path

import numpy as np
import pytest

from components.lm.checkpoints import Checkpoints, Settings
from components.lm.reading import read
from components.lm.transformer.ablation import predict
from components.lm.transformer.word_context import NoGuess, guess_word, word_spans


@pytest.fixture(scope="module")
def loaded(tiny_gpt_folder: Path, tiny_bert_folder: Path):
    models = Checkpoints(Settings(local_folders=(tiny_gpt_folder, tiny_bert_folder)))
    return {"gpt": models.load("local:tiny-gpt"), "bert": models.load("local:tiny-bert")}


TEXT = "The fox sat on the stone."


def test_left_context_only(loaded) -> None:
    guess = guess_word(loaded["gpt"], TEXT, 3, 0)
    assert guess.visible == (True, True, True, False, False, False)
    # What stands behind the word changes nothing.
    assert guess.guesses == guess_word(loaded["gpt"], "The fox sat on moon", 3, 0).guesses
    assert guess.guesses[0][1] >= guess.guesses[1][1]
    assert (np.triu(guess.weights, 1) == 0).all()


def test_both_sides(loaded) -> None:
    guess = guess_word(loaded["bert"], TEXT, 3, 1)
    assert guess.visible == (True, True, True, False, True, True)
    assert guess.guesses != guess_word(loaded["bert"], "The fox sat on moon", 3, 1).guesses
    reading = read(loaded["bert"], TEXT)
    own = [i for i, word in enumerate(guess.word_of) if word == 3]
    assert "".join(reading.texts[i] for i in own).replace("##", "").strip() == "on"
    masked = reading
    for i in own:
        masked = masked.with_mask_at(i)
    assert guess.guesses[0][1] == predict(loaded["bert"], masked, own[0]).probs.max()
    assert guess.word_of[0] == -1  # [CLS]


def test_first_word_and_odd_texts(loaded) -> None:
    assert guess_word(loaded["gpt"], TEXT, 0, 0).visible == (False,) * 6
    for text in ("안녕 세상", "👩‍👩‍👧 x", "a"):
        for kind in ("gpt", "bert"):
            guess = guess_word(loaded[kind], text, 0, 0)
            assert len(guess.visible) == len(word_spans(text))
    with pytest.raises(NoGuess, match="no_word"):
        guess_word(loaded["gpt"], "", 0, 0)
