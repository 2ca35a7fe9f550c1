"""The whole program on a tiny corpus: tokenizers, pack, train, evaluate, export; what ships loads in plain transformers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from components.pretraining.__main__ import main
from components.pretraining.export import load_run_model
from components.pretraining.replacement import named_weights
from components.pretraining.training import weights_sha256


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, corpus_folder: Path) -> Path:
    """A work folder in which both nano models were trained for a few steps, measured and exported."""
    folder = tmp_path_factory.mktemp("work")
    text = ["--corpus", str(corpus_folder)]
    assert (
        main(["--work", str(folder), "tokenizers", *text, "--source", "tales:2", "--vocab-size", "2048"]) == 0
    )
    assert main(["--work", str(folder), "pack", *text, "--source", "tales:2"]) == 0
    for kind in ("gpt", "bert"):
        options = ["--size", "nano", "--tokens", "6000", "--warmup-tokens", "1000", "--batch-tokens", "512"]
        assert (
            main(["--work", str(folder), "train", kind, *options, "--snapshots", "3", "--threads", "1"]) == 0
        )
        assert main(["--work", str(folder), "evaluate", f"nano-{kind}", *text, "--threads", "1"]) == 0
        target = ["--to", str(folder / "out" / f"nano-{kind}")]
        assert main(["--work", str(folder), "export", f"nano-{kind}", *target]) == 0
    return folder


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_exported_model_gives_the_training_weights_logits(kind: str, work: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoModelForPreTraining, AutoTokenizer

    folder = work / "out" / f"nano-{kind}"
    auto = AutoModelForCausalLM if kind == "gpt" else AutoModelForPreTraining
    loaded = auto.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = tokenizer("The fox found a red button. 안녕!", return_tensors="pt")["input_ids"]
    _, trained, _ = load_run_model(work / "runs" / f"nano-{kind}")
    # The same file read by the architecture's own class gives the very same numbers.
    again = type(trained).from_pretrained(folder, dtype=torch.float32).eval()
    name = "logits" if kind == "gpt" else "prediction_logits"
    with torch.inference_mode():
        ours, theirs, copy = (getattr(model(ids), name) for model in (trained, loaded, again))
    assert torch.equal(theirs, copy)
    assert theirs.dtype == torch.float32
    # fp16 keeps 11 bits of each weight
    torch.testing.assert_close(theirs, ours, atol=1e-2, rtol=0)
    assert (theirs - ours).abs().max() > 0
    if kind == "bert":
        assert not torch.equal(loaded.cls.seq_relationship.weight, torch.zeros(2, 96))


def test_files_are_fp16_safetensors_with_card_and_tokenizer(work: Path) -> None:
    from safetensors import safe_open

    for kind in ("gpt", "bert"):
        folder = work / "out" / f"nano-{kind}"
        names = {path.name for path in folder.iterdir()}
        assert {
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "README.md",
        } <= names
        assert not {path.suffix for path in folder.rglob("*")} & {".bin", ".pt"}
        with safe_open(folder / "model.safetensors", "pt") as file:
            assert {str(file.get_tensor(name).dtype) for name in file.keys()} == {"torch.float16"}  # noqa: SIM118
        total = sum(path.stat().st_size for path in (folder / "snapshots").rglob("*.safetensors"))
        assert total < 3 * 2 * 800_000  # three snapshots of fewer than 0.8 million numbers of two bytes


def test_snapshots_are_listed_with_what_they_can_do(work: Path) -> None:
    from transformers import AutoModelForPreTraining

    folder = work / "out" / "nano-bert"
    listed = json.loads((folder / "snapshots" / "snapshots.json").read_text("utf-8"))
    assert listed[0]["step"] == 0
    assert listed[-1]["tokens"] >= 6000
    assert listed[-1]["held_out"]["mlm"] < listed[0]["held_out"]["mlm"]
    assert all(entry["cloze_probes"] == 60 for entry in listed)
    for entry in listed:
        AutoModelForPreTraining.from_pretrained(folder / entry["folder"], dtype=torch.float32)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_card_says_what_the_model_is_made_of(kind: str, work: Path) -> None:
    card = (work / "out" / f"nano-{kind}" / "README.md").read_text(encoding="utf-8")
    evaluation = json.loads((work / "runs" / f"nano-{kind}" / "evaluation.json").read_text("utf-8"))
    assert "| tales | see the corpus | 2 |" in card
    assert f"tokens seen | {evaluation['tokens']:,}" in card
    assert "| 3.3 |" in card  # the last head of the table
    assert "| all | " in card
    if kind == "bert":
        assert "merges the most frequent pair" in card
        assert f"{evaluation['nsp']['accuracy']:.1%}" in card
        assert "baseline: unigram" in card
    else:
        assert f"{evaluation['text']['bits_per_byte']:.3f}" in card
        assert "bigram" in card
        assert card.count("\n> ") >= 10


def test_export_refuses_numbers_of_other_weights(work: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = work / "runs" / "nano-gpt" / "evaluation.json"
    kept = path.read_text(encoding="utf-8")
    try:
        path.write_text(kept.replace('"tokens": ', '"tokens": 1', 1), encoding="utf-8")
        assert main(["--work", str(work), "export", "nano-gpt", "--to", str(tmp_path / "x")]) == 1
    finally:
        path.write_text(kept, encoding="utf-8")
    assert "run the step 'evaluate' again" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_steps_in_the_wrong_order_say_what_is_missing(tmp_path: Path, corpus_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    base = ["--work", str(tmp_path)]
    assert main([*base, "train", "gpt", "--size", "nano", "--tokens", "1e3"]) == 1
    assert "run the step 'pack' first" in capsys.readouterr().err
    assert main([*base, "pack", "--corpus", str(corpus_folder), "--source", "tales"]) == 1
    assert "run the step 'tokenizers' first" in capsys.readouterr().err
    assert main([*base, "export", "nano-gpt"]) == 1
    assert "no run here" in capsys.readouterr().err


def test_too_little_text_to_hold_any_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tales.txt").write_text("One.\n<|endoftext|>\nTwo.", encoding="utf-8")
    arguments = ["pack", "--corpus", str(tmp_path), "--source", "tales"]
    assert main(["--work", str(tmp_path / "work"), *arguments]) == 1
    assert "give a few hundred documents" in capsys.readouterr().err


def test_a_new_run_needs_a_budget(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["--work", str(work), "train", "gpt", "--size", "nano", "--name", "new", "--threads", "1"]) == 1
    )
    assert "needs a budget" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_moments_are_recorded_in_one_small_file(kind: str, work: Path, tmp_path: Path) -> None:
    target = tmp_path / "moments.npz"
    model = work / "out" / f"nano-{kind}"
    assert main(["--work", str(work), "moments", f"nano-{kind}", "--model", str(model), "--to", str(target), "--threads", "1"]) == 0  # fmt: skip
    assert target.stat().st_size <= 1_000_000
    assert named_weights(target) == {weights_sha256(model)}
    with np.load(target) as file:
        facts = json.loads(str(file["facts"]))
        arrays = [file[f"text_{k}"] for k in range(len(facts["texts"]))]
    assert [moment["tokens"] for moment in facts["moments"]][0] == 0  # noqa: RUF015
    assert len(facts["moments"]) == 3
    assert len(arrays) == 3
    for tokens, weights in zip(facts["tokens_of_texts"], arrays, strict=True):
        assert weights.shape == (3, 4, 4, len(tokens), len(tokens))
        # 255ths: each weight is off by half a 255th at most, a row by that times its length
        assert np.abs(weights.astype(int).sum(-1) - 255).max() <= 0.5 * len(tokens) + 1
    for moment in facts["moments"]:
        assert len(moment["logprobs"]) == len(facts["pieces"]) == len(facts["probes"]) == 280
        assert len(moment["samples"]) == 3
    # The last moment is the end: its numbers are those of the exported weights, but for fp16.
    evaluation = json.loads((work / "runs" / f"nano-{kind}" / "evaluation.json").read_text("utf-8"))
    right = sum(first > max(wrong) for first, *wrong in facts["moments"][-1]["logprobs"])
    assert right == evaluation["cloze_280"]["all"]["correct"]


def test_only_chosen_snapshots_ship(work: Path, tmp_path: Path) -> None:
    assert main(["--work", str(work), "export", "nano-gpt", "--to", str(tmp_path / "one"), "--snapshot", "0"]) == 0  # fmt: skip
    listed = json.loads((tmp_path / "one" / "snapshots" / "snapshots.json").read_text("utf-8"))
    early, last = listed  # the finished model ships anyway: it is the last moment
    assert early["step"] == 0
    assert last["folder"] == "."
    assert last["step"] > 0
    assert main(["--work", str(work), "export", "nano-gpt", "--to", str(tmp_path / "none"), "--snapshot", "-1"]) == 0  # fmt: skip
    assert not (tmp_path / "none" / "snapshots").exists()
