"""Table 8 as printed, recipes on sentences, and what a study can and cannot tell."""

from pathlib import Path

import pytest

from components.lm.bert.masking import Action
from components.lm.bert.masking_table import (
    STUDY_FILE,
    apply_to_words,
    compare,
    nearest,
    paper_difference,
    published,
    study,
)


def test_the_table_is_the_printed_one() -> None:
    """All 18 scores of Devlin et al. 2019, Table 8."""
    assert {row.name: row.scores for row in published()} == {
        "80/10/10": (84.2, 95.4, 94.9),
        "100/0/0": (84.3, 94.9, 94.0),
        "80/0/20": (84.1, 95.2, 94.6),
        "80/20/0": (84.4, 95.2, 94.7),
        "0/20/80": (83.7, 94.8, 94.6),
        "0/0/100": (83.6, 94.9, 94.6),
    }
    for row in published():
        assert row.mask + row.same + row.random == pytest.approx(1)


def test_the_nearest_measured_split() -> None:
    rows = published()
    for i, row in enumerate(rows):
        assert nearest(rows, row.mask, row.random) == i
    assert rows[nearest(rows, 0.95, 0.02)].name == "100/0/0"
    assert rows[nearest(rows, 0.05, 0.9)].name == "0/0/100"


def test_a_recipe_on_words() -> None:
    rows = {row.name: row for row in published()}
    words = "one two three four five six seven eight"
    all_mask = apply_to_words(words, ["x"], rows["100/0/0"], mlm_probability=1.0, seed=0)
    assert [w.read for w in all_mask] == ["[MASK]"] * 8
    all_random = apply_to_words(words, ["x", "y"], rows["0/0/100"], mlm_probability=1.0, seed=0)
    assert {w.read for w in all_random} == {"x", "y"}
    some = apply_to_words(words, ["x"], rows["0/20/80"], mlm_probability=0.5, seed=2)
    for word in some:
        if word.action in (Action.NOT_CHOSEN, Action.KEPT):
            assert word.read == word.word
    assert apply_to_words("", ["x"], rows["0/20/80"], mlm_probability=0.5, seed=2) == []
    assert apply_to_words("one", [], rows["0/0/100"], mlm_probability=1.0, seed=2)[0].read == "one"


HEAD = "group,mlm_probability,mask_replace_prob,same_prob,random_replace_prob,seed,status,ner_feature_f1,nli_finetune_accuracy\n"


def test_a_study_file_is_read(tmp_path: Path) -> None:
    assert study(tmp_path) is None
    (tmp_path / STUDY_FILE).write_text(
        HEAD
        + "split,0.15,1.0,0.0,0.0,0,measured,0.40,0.6\nsplit,0.15,1.0,0.0,0.0,1,measured,0.42,0.61\n"
        + "split,0.15,0.8,0.1,0.1,0,measured,0.50,0.6\nsplit,0.15,0.8,0.1,0.1,1,measured,0.52,0.59\n"
        + "split,0.15,0.0,0.0,1.0,0,not run,,\nrate,0.4,0.8,0.1,0.1,0,measured,0.45,0.58\n",
        encoding="utf-8",
    )
    cells = study(tmp_path)
    assert cells is not None
    assert [cell.name for cell in cells if cell.group == "rate"] == ["15%", "40%"]  # 80/10/10 serves as 15%
    bert = next(cell for cell in cells if cell.name == "80/10/10")
    assert bert.values["ner_feature_f1"] == (0.50, 0.52)
    verdicts = {
        c.name: c.verdict for c in compare([c for c in cells if c.group == "split"], bert, "ner_feature_f1")
    }
    assert verdicts == {"100/0/0": "lower"}  # the row that was not run is not compared
    verdicts = {
        c.name: c.verdict
        for c in compare([c for c in cells if c.group == "split"], bert, "nli_finetune_accuracy")
    }
    assert verdicts == {"100/0/0": "same"}
    # By hand: deviations of ±0.01 in both recipes, so the pooled standard deviation is √(4·0.01²/2) with 2 degrees of
    # freedom (t = 4.30); a difference of means of two and two seeds has that standard deviation too.
    (found,) = compare([c for c in cells if c.group == "split"], bert, "ner_feature_f1")
    assert found.noise == pytest.approx(4.30 * (4 * 0.01**2 / 2) ** 0.5)
    assert paper_difference("100/0/0", "ner_feature_f1") == -0.9
    assert paper_difference("100/0/0", "nsp_accuracy") is None
    assert paper_difference("40%", "ner_feature_f1") is None
    rate = next(c for c in cells if c.name == "15%")
    assert [c.verdict for c in compare([c for c in cells if c.group == "rate"], rate, "ner_feature_f1")] == [
        "one_seed"
    ]
