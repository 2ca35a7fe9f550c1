"""Files computed with a bundled model name its weights, and those ship; what is to be made again is found."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from components.pretraining import replacement
from components.pretraining.__main__ import main
from components.pretraining.replacement import (
    GOLDENS,
    MODELS,
    REPOSITORY,
    TRACES,
    computed_files,
    files_of,
    models_of_pages,
    named_weights,
    replace_files_of,
    shipped_weights,
)

SHIPPED = shipped_weights()


@pytest.mark.parametrize("path", computed_files(), ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_a_computed_file_names_weights_that_ship(path: Path) -> None:
    named = {SHIPPED.get(digest, digest).split("/snapshots/")[0] for digest in named_weights(path)}
    if path.is_relative_to(GOLDENS):
        expected = {path.stem.removesuffix("-snapshot")}
    else:
        page = path.relative_to(TRACES).with_suffix("").as_posix().removeprefix("miniatures/")
        owners = [known for known in models_of_pages() if page == known or page.startswith(f"{known}_")]
        expected = set(models_of_pages()[max(owners, key=len)]) if owners else set()  # no model of ours
    # A digest that does not ship stands here as itself: make the file again (make traces, make goldens).
    assert named <= {folder.split("/snapshots/")[0] for folder in SHIPPED.values()}
    assert named <= expected, "the page's recorder does not name this model in MODELS"
    if expected and not path.stem.endswith("_variants"):  # runs whose weights do not ship
        assert named


def test_a_recorder_that_loads_a_model_says_so() -> None:
    """So that replacing a model makes its files again."""
    for page, models in models_of_pages().items():
        source = (REPOSITORY / "components" / "lessons" / f"{page}_recorder.py").read_text(encoding="utf-8")
        uses = bool(re.search(r"checkpoints\.(load|card|store)\(|read_tokenizer\(|computed_view\(", source))
        assert uses == bool(models) or not uses, (
            page
        )  # what only reads a record of its own model may name it too
        assert all((MODELS / model / "model.safetensors").exists() for model in models)


def test_every_bundled_twin_has_files_and_a_stranger_has_none() -> None:
    for name in ("pocket-gpt", "pocket-bert", "nano-gpt", "nano-bert"):
        files = files_of(name)
        assert TRACES / "gpt" / "learning.json" in files
        assert TRACES / "gpt" / f"learning_{name}.npz" in files
        assert GOLDENS / f"{name}.json" in files
        wrong = [path for path in files if not named_weights(path)]
        assert wrong == []
    assert GOLDENS / "nano-gpt-snapshot.json" in files_of("nano-gpt")
    assert TRACES / "bert" / "attention.npz" not in files_of("pocket-gpt")
    assert files_of("no-such-model") == []
    with pytest.raises(ValueError, match="no such bundled model"):
        replace_files_of("no-such-model")


def test_digests_are_read_from_either_form(tmp_path: Path) -> None:
    digest, other = "ab" * 32, "cd" * 32
    (tmp_path / "a.json").write_text(
        json.dumps({"of": [f"sha256:{digest}"], "sha256": digest + "ef", "result": {"after": other}}), "utf-8"
    )
    np.savez(tmp_path / "b.npz", of=np.array(["name", f"sha256:{other}"]), numbers=np.arange(3))
    assert named_weights(tmp_path / "a.json") == {digest}
    assert named_weights(tmp_path / "b.npz") == {other}


def test_replacing_records_the_pages_of_the_model_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[str] = []
    moments: list[Path] = []
    monkeypatch.setattr(replacement, "record_moments", lambda model, path: moments.append(path))
    monkeypatch.setattr(replacement, "record_pages", recorded.extend)
    monkeypatch.setattr("tests.golden.engine.main", lambda: recorded.append("goldens"))
    assert replace_files_of("pocket-bert") == files_of("pocket-bert")
    assert moments == [TRACES / "gpt" / "learning_pocket-bert.npz"]
    assert recorded[-1] == "goldens"
    assert set(recorded[:-1]) == {
        page for page, models in models_of_pages().items() if "pocket-bert" in models
    }


def test_the_plan_says_what_how_long_how_large_and_what_it_replaces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["all", "--plan"]) == 0
    text = capsys.readouterr().out
    for words in (
        "pocket-gpt: 50 million tokens",
        "minutes of one thread",
        "assets/traces/gpt/generation.json",
        "tests/golden/engine/pocket-gpt.json",
        "--language ko",
        "together:",
    ):
        assert words in text
    assert "TOO LARGE" not in text
    order = [
        text.index(f"\n{name}: ") if text.find(f"\n{name}: ") > 0 else 0
        for name in ("pocket-gpt", "pocket-bert", "nano-gpt", "nano-bert", "pocket-gpt-ko", "pocket-bert-ko")
    ]
    assert order == sorted(order)
    assert main(["all", "--plan", "--only", "pocket-bert"]) == 0
    assert "nano-gpt: " not in capsys.readouterr().out.replace("nano-gpt: made by", "")
    assert main(["all", "--plan", "--only", "pocket-cat"]) == 1
    assert main(["all"]) == 1
    assert "--corpus" in capsys.readouterr().err


def test_the_sum_of_the_plan_is_what_lies_there() -> None:
    """The plan counts weights; beside them lie cards and tokenizers."""
    from components.pretraining.plan import PLANS, other_megabytes

    planned = sum(plan.megabytes()[1] for plan in PLANS)
    planned += sum(other_megabytes(replacement.MODELS, [plan.name for plan in PLANS]).values())
    there = sum(path.stat().st_size for path in replacement.MODELS.rglob("*.safetensors")) / 1e6
    assert planned == pytest.approx(there, abs=0.5)


def test_the_plan_says_when_something_is_too_large(tmp_path: Path) -> None:
    from components.pretraining.plan import PLANS, plan_text

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.safetensors").write_bytes(b"0" * 95_000_000)
    assert "TOO LARGE: together" in plan_text(tmp_path, {}, PLANS)


def test_replace_lists_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replace", "pocket-gpt", "--list"]) == 0
    assert capsys.readouterr().out.split() == [
        path.relative_to(REPOSITORY).as_posix() for path in files_of("pocket-gpt")
    ]
    assert main(["replace", "no-such-model"]) == 1
    assert replacement.files_of("no-such-model") == []
