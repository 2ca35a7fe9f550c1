"""The step word-codes at a tiny size: trained, stopped and resumed, exported with its card, read by transformers."""

import json
from pathlib import Path

import pytest
import torch

from components.lm.training.word_codes import Settings
from components.pretraining.__main__ import main
from components.pretraining.word_codes import Run, jump, nearest, sha256

ARGUMENTS = [
    "word-codes",
    "--seeds",
    "2",
    "--tokens",
    "50e3",
    "--width",
    "32",
    "--full-seeds",
    "1",
    "--early-tokens",
    "25e3",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("codes")
    assert main(["--work", str(folder / "work"), *ARGUMENTS, "--to", str(folder / "out")]) == 0
    return folder


def test_what_is_written_names_its_weights(made: Path) -> None:
    runs = json.loads((made / "out" / "runs.json").read_text(encoding="utf-8"))
    assert [run["seed"] for run in runs["runs"]] == [0, 1]
    for moment in runs["moments"]:
        assert sha256(made / "out" / moment["folder"] / "model.safetensors") == moment["sha256"]
    assert runs["weights_sha256"] == runs["runs"][0]["weights_sha256"] == runs["moments"][-1]["sha256"]
    history = runs["runs"][0]["history"]
    assert history["tokens"][0] == 0
    assert history["loss"][0] is None
    assert history["step"][-1] == Settings(total_tokens=50_000).num_steps
    assert len({len(column) for column in history.values()}) == 1
    assert [run["finished"] for run in runs["runs"]] == [True, False]
    assert 25_000 <= runs["runs"][1]["history"]["tokens"][-1] < 30_000
    assert all(len(match) == 2 and len(match[0]) == 4 for match in history["match"])
    curves = runs["runs"][0]["curves"]["new"]
    assert [a + b for a, b in zip(curves["shown_total"], curves["unseen_total"], strict=True)] == [400] * 17
    assert set(runs["runs"][0]["off"]) == {"none", "matching", *(f"{layer}.{head}" for layer in range(2) for head in range(4))}  # fmt: skip
    card = (made / "out" / "README.md").read_text(encoding="utf-8")
    assert runs["weights_sha256"][:12] in card
    assert "--seeds 2 --tokens 50000" in card


def test_plain_transformers_reads_the_model_and_its_snapshots(made: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(made / "out", local_files_only=True)
    for config in (made / "out").rglob("config.json"):
        model = AutoModelForCausalLM.from_pretrained(
            config.parent, dtype=torch.float32, local_files_only=True
        )
        assert model.lm_head.weight is model.transformer.wte.weight
        ids = tokenizer("sun -> lamp ; sun ->", return_tensors="pt")["input_ids"]
        assert model(ids).logits.shape == (1, 7, 35)


def test_the_same_command_again_changes_nothing_and_other_settings_are_refused(made: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    before = (made / "work" / "word_codes" / "seed-0" / "history.jsonl").read_bytes()
    assert main(["--work", str(made / "work"), *ARGUMENTS, "--to", str(made / "out")]) == 0
    assert (made / "work" / "word_codes" / "seed-0" / "history.jsonl").read_bytes() == before
    assert main(["--work", str(made / "work"), "word-codes", "--seeds", "1", "--tokens", "60e3", "--to", str(made / "x")]) == 1  # fmt: skip
    assert "other settings" in capsys.readouterr().err
    assert not (made / "x").exists()


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(width=32, batch_size=2, total_tokens=6_000)
    through = Run(tmp_path / "a", settings)
    assert through.train()
    stopped = Run(tmp_path / "b", settings)
    take, calls = stopped.trainer.take_step, []

    def interrupted() -> float:
        import signal

        calls.append(take())
        if len(calls) == 13:
            signal.raise_signal(signal.SIGINT)
        return calls[-1]

    monkeypatch.setattr(stopped.trainer, "take_step", interrupted)
    assert not stopped.train()
    again = Run(tmp_path / "b", settings)
    assert again.trainer.step == 13
    assert again.train()
    for name, tensor in through.trainer.weights.items():
        assert torch.equal(tensor, again.trainer.weights[name])
    one, other = through.history(), again.history()
    assert [{**entry, "seconds": 0} for entry in one] == [{**entry, "seconds": 0} for entry in other]


def test_jump_and_nearest() -> None:
    history = [{"step": n, "tokens": 100 * n, "new_shown": n / 10} for n in range(10)]
    assert jump(history) == 600
    assert jump(history[:5]) is None
    assert [entry["step"] for entry in nearest(history, [0, 149, 151, 99_999])] == [0, 1, 2, 9]
