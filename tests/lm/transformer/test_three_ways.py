"""Objectives as exercises: the papers' examples, what always holds, and what the models really see."""

import numpy as np
import pytest

from components.lm import checkpoints
from components.lm.reading import inputs, read
from components.lm.transformer.spans import rebuild
from components.lm.transformer.three_ways import ARCHITECTURE, OBJECTIVES, exercise, pattern, runs

T5 = ("Thank", "you", "for", "inviting", "me", "to", "your", "party", "last", "week", ".")


def test_the_example_of_t5() -> None:
    """Raffel et al. 2020, figure 2."""
    made = exercise("corruption", T5, (2, 3, 8))
    assert " ".join(made.inputs) == "Thank you <X> me to your party <Y> week ."
    assert " ".join(made.targets) == "<X> for inviting <Y> last <Z>"
    assert made.given == ("<s>", *made.targets[:-1])
    assert rebuild(made.inputs, made.targets) == list(T5)
    assert made.num_losses == len(made.targets)


def test_masks() -> None:
    made = exercise("whole_word", ("a", "phil", "##am", "##mon", "sang"), (2,), (0, 1, 1, 1, 2))
    assert made.inputs == ("a", "[MASK]", "[MASK]", "[MASK]", "sang")
    assert made.picks == (1, 2, 3)
    span = exercise("span", T5, (8, 5))
    assert span.targets == ("",) * 5 + T5[5:9] + ("",) * 2


def test_next_and_prefix() -> None:
    made = exercise("next", T5, ())
    assert made.targets == (*T5[1:], "")
    prefix = exercise("prefix", T5, (4,))
    assert prefix.targets == ("",) * 3 + T5[4:] + ("",)
    assert prefix.allowed[0, 3]
    assert not prefix.allowed[0, 4]
    assert prefix.allowed[5, 4]


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_place_never_sees_what_it_must_predict(objective: str) -> None:
    made = exercise(objective, T5, (3, 4, 7))  # type: ignore[arg-type]
    rows = made.given or made.inputs
    assert len(made.targets) == len(rows)
    assert made.allowed.shape == (len(made.inputs) + len(made.given),) * 2
    offset = len(made.inputs) if made.given else 0
    for i, target in enumerate(made.targets):
        if target and objective in ("next", "prefix"):
            assert not made.allowed[i, i + 1]
        elif target and made.given and i + 1 < len(rows):
            assert not made.allowed[offset + i, offset + i + 1]
        elif target and not made.given:
            assert made.inputs[i] == "[MASK]"


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_places_outside_the_text_are_refused(objective: str) -> None:
    for picks in ((11,), (-1,)):
        with pytest.raises(ValueError, match="places in the text"):
            exercise(objective, T5, picks)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at most 2 spans"):
        exercise("corruption", T5, (0, 2, 4))
    assert runs([]) == []


@pytest.mark.parametrize("name", ["nano-bert", "nano-gpt"])
def test_the_grids_are_what_the_models_see(name: str) -> None:
    """Another token at one place changes the output of exactly those who see it."""
    import torch

    loaded = checkpoints.load(name, "attention")
    reading = read(loaded, "The cat sat on a mat.")
    batch = inputs(loaded, [reading])
    n = len(reading.texts)
    architecture = ARCHITECTURE["mlm" if name == "nano-bert" else "next"]
    with torch.inference_mode():
        before = loaded.model(**batch, output_hidden_states=True).hidden_states[-1][0]
        seen = np.zeros((n, n), bool)
        for key in range(n):
            ids = batch["input_ids"].clone()
            ids[0, key] = (ids[0, key] + 7) % 500 + 10
            after = loaded.model(**{**batch, "input_ids": ids}, output_hidden_states=True).hidden_states[-1][
                0
            ]
            seen[:, key] = ((after - before).abs().amax(-1) > 1e-5).numpy()
    np.testing.assert_array_equal(seen, pattern(architecture, n, 0))
