"""The grid of runs: a budget that branches off is the run made alone, and the same command goes on where it stopped."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer

from components.lm.gpt.scaling import load_runs
from components.pretraining import jump_study, scaling_study
from components.pretraining.__main__ import main
from components.pretraining.packing import PackedDocuments, once
from components.pretraining.training import Machine, TrainingError

CPU = Machine("cpu", bf16=False, threads=1)
BUDGETS = (512, 1024, 2048)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LAYERS", 2), ("CONTEXT", 32), ("VOCAB_SIZE", 400), ("BATCH_TOKENS", 64), ("WARMUP_TOKENS", 128), ("TEXT_TOKENS", 4), ("PROMPTS", ("The fox", "A hen"))):  # fmt: skip
        monkeypatch.setattr(scaling_study, name, value)


def weights(width: int, budgets: tuple[int, ...], packed: PackedDocuments, folder: Path | None = None) -> dict[int, torch.Tensor]:  # fmt: skip
    found = {}

    def done(trunk: scaling_study.Trunk) -> None:
        found[trunk.tokens] = torch.cat([p.detach().flatten() for p in trunk.learner.model.parameters()])

    scaling_study.train_budgets(width, budgets, 0, packed, CPU, done, folder)
    return found


@pytest.mark.usefixtures("small")
def test_a_branch_is_the_run_made_alone(gpt_packed: PackedDocuments, tmp_path: Path) -> None:
    """Number by number, also where the trunk is taken up again from its file."""
    torch.set_num_threads(1)
    packed = once(gpt_packed)
    together = weights(8, BUDGETS, packed, tmp_path)
    assert list(together) == list(BUDGETS)
    for budget in BUDGETS:
        assert torch.equal(weights(8, (budget,), packed)[budget], together[budget])
    further = weights(8, (4096,), packed, tmp_path)
    assert torch.equal(weights(8, (4096,), packed)[4096], further[4096])
    assert not torch.equal(together[512], together[1024])


@pytest.mark.usefixtures("small")
def test_one_command_makes_the_table_and_goes_on(
    gpt_packed: PackedDocuments, byte_level_bpe: Tokenizer, tmp_path: Path
) -> None:
    for part in ("train", "held_out"):
        gpt_packed.save(tmp_path / "packed" / "gpt-400" / f"{part}.npz")
    (tmp_path / "tokenizers").mkdir()
    byte_level_bpe.save(str(tmp_path / "tokenizers" / "gpt-400.json"))
    out = tmp_path / "runs.csv"
    command = ["--work", str(tmp_path), "scaling-study", "--width", "8", "--width", "16", "--tokens", "512", "--tokens", "1024", "--seed", "0", "--out", str(out)]  # fmt: skip
    assert main(command) == 0
    runs = load_runs(out)
    assert [(run.width, run.tokens) for run in runs] == [(8, 512), (8, 1024), (16, 512), (16, 1024)]
    first = out.read_text()
    assert main(command) == 0
    assert out.read_text() == first
    # A single run again, alone: the same loss and the same text.
    alone = tmp_path / "alone.csv"
    single = ["--work", str(tmp_path / "."), "scaling-study", "--width", "16", "--tokens", "512", "--seed", "0", "--out", str(alone)]  # fmt: skip
    assert main(single) == 0
    (again,) = load_runs(alone)
    assert replace(again, cpu_seconds=0) == replace(runs[2], cpu_seconds=0)
    assert again.texts.count("\t") == 1
    with pytest.raises(TrainingError, match="fewer than the largest budget"):
        scaling_study.study(tmp_path, out, [8], [10**9], [0], CPU, byte_level_bpe)


def test_a_run_of_the_skill_study() -> None:
    torch.set_num_threads(1)
    run = jump_study.train_one(8, 0, 20_000)
    assert (run.width, run.seed) == (8, 0)
    assert run.tokens >= 20_000
    assert run.parameters == 2 * (12 * 64 + 13 * 8) + 16
    assert 0 <= run.new_shown <= 1
    assert run.loss > 1
