"""Training: masking in batches, schedules, the same seed twice, interrupted and resumed, continued and decayed again."""

import contextlib
import errno
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from components.pretraining import cross_entropy, training
from components.pretraining.architectures import NEIGHBOUR_OFFSETS, Size, build_model
from components.pretraining.attention import attend
from components.pretraining.cross_entropy import linear_cross_entropy
from components.pretraining.export import save_half
from components.pretraining.optimizers import Muon, Schedule, build_optimizers, orthogonalize
from components.pretraining.packing import PackedDocuments
from components.pretraining.training import (
    Data,
    Machine,
    Masking,
    Run,
    RunSettings,
    TrainingError,
    check_card,
    choose_words,
    read_history,
    read_run,
)
from components.pretraining.vocabularies import save_for_transformers

TINY = Size("tiny", num_layers=2, num_heads=2, hidden_size=16, vocab_size=512, gpt_context=32, bert_context=32)  # fmt: skip
CPU = Machine("cpu", bf16=False, threads=1)


def settings(kind: str, tokens: int = 3000, **changes: object) -> RunSettings:
    base = RunSettings(
        kind, TINY, tokens, warmup_tokens=400, batch_tokens=256, lengths={16: 0.5, 32: 0.5}, seed=3
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture
def packed(kind: str, bert_packed: PackedDocuments, gpt_packed: PackedDocuments) -> PackedDocuments:
    return bert_packed if kind == "bert" else gpt_packed


def losses_of(folder: Path, run: RunSettings, packed: PackedDocuments, stop_after: int = 0) -> list[float]:
    """Losses of a run by step; with ``stop_after`` it is cut off by an error after that many steps."""
    losses: list[float] = []

    class Cut(Exception):
        pass

    def on_step(_: int, loss: float) -> None:
        losses.append(loss)
        if stop_after and len(losses) == stop_after:
            raise Cut

    with contextlib.suppress(Cut):
        Run(folder, run, CPU).train(packed, save_every_s=0.0, on_step=on_step)
    return losses


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_same_seed_same_losses_and_another_seed_others(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    first = losses_of(tmp_path / "a", settings(kind), packed)
    assert len(first) > 8
    assert losses_of(tmp_path / "b", settings(kind), packed) == first
    assert losses_of(tmp_path / "c", settings(kind, seed=4), packed) != first


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_resuming_gives_the_losses_of_an_uninterrupted_run(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    whole = losses_of(tmp_path / "whole", settings(kind), packed)
    cut = losses_of(tmp_path / "cut", settings(kind), packed, stop_after=5)
    rest = losses_of(tmp_path / "cut", settings(kind), packed)
    # The state is saved after the step's callback, so the fifth step is done again, with the same loss.
    assert cut[:4] + rest == whole
    assert cut[4] == rest[0]
    weights = [
        torch.load(tmp_path / name / "state.pt", weights_only=True)["model"] for name in ("whole", "cut")
    ]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize("kind", ["bert"])
def test_a_finished_run_is_continued_from_its_stable_state(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    short = losses_of(tmp_path / "run", settings(kind, 3000), packed)
    longer = losses_of(tmp_path / "run", settings(kind, 6000), packed)
    straight = losses_of(tmp_path / "straight", settings(kind, 6000), packed)
    stable = torch.load(tmp_path / "run" / "stable.pt", weights_only=True)["progress"]
    assert not stable["decayed"]
    assert len(longer) < len(straight)
    assert longer == straight[-len(longer) :]  # as if the first decay had never been
    assert len(longer) > len(short)  # most of the way was still to go
    tokens = [entry["tokens"] for entry in read_history(tmp_path / "run")]
    assert tokens == sorted(tokens)


@pytest.mark.parametrize("kind", ["bert"])
def test_a_smaller_budget_or_other_settings_are_refused(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    losses_of(tmp_path / "run", settings(kind, 3000), packed)
    with pytest.raises(TrainingError, match="ask for more tokens"):
        Run(tmp_path / "run", settings(kind, 1000), CPU)
    with pytest.raises(TrainingError, match="other seed"):
        Run(tmp_path / "run", settings(kind, 6000, seed=9), CPU)
    assert read_run(tmp_path / "run") == settings(kind, 3000)


@pytest.mark.parametrize("kind", ["gpt"])
def test_snapshots_go_from_zero_to_the_end_on_a_logarithmic_scale(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    run = settings(kind, 20_000, num_snapshots=5)
    points = run.snapshot_tokens()
    assert points[0] == 0
    assert points[-1] == 20_000
    ratios = np.diff(np.log(points[1:]))
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)  # token counts are rounded to whole numbers
    losses_of(tmp_path, run, packed)
    kept = sorted(int(path.stem[5:]) for path in (tmp_path / "snapshots").iterdir())
    assert len(kept) == 5
    assert kept[0] == 0
    start = torch.load(tmp_path / "snapshots" / "step-0.pt", weights_only=True)["model"]
    fresh = build_model("gpt", TINY, 3).state_dict()
    assert all(torch.equal(start[name], fresh[name]) for name in fresh)


@pytest.mark.parametrize("kind", ["bert"])
def test_batches_mask_only_ordinary_tokens(kind: str, packed: PackedDocuments) -> None:
    data = Data(settings(kind), packed)
    used: dict[int, int] = {}
    chosen = ordinary = 0
    for step in range(60):
        batch = data.batch(step, used)
        is_target = batch["labels"] != -100
        original = np.where(is_target, batch["labels"], batch["input_ids"])
        special = np.isin(original, (0, 101, 102))
        assert not (is_target & special).any()
        np.testing.assert_array_equal(is_target, batch["actions"] != 0)
        np.testing.assert_array_equal(batch["attention_mask"] == 0, original == 0)
        chosen += int(is_target.sum())
        ordinary += int((~special).sum())
    # five standard deviations of a binomial share
    assert abs(chosen / ordinary - 0.15) < 5 * np.sqrt(0.15 * 0.85 / ordinary)


def test_whole_words_are_chosen_or_none_of_their_pieces() -> None:
    continues = np.zeros(20, bool)
    continues[10:] = True
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 20, (200, 30))
    special = np.zeros(ids.shape, bool)
    special[:, [0, 15, 29]] = True
    chosen = choose_words(ids, special, continues, 0.3, rng)
    assert not (chosen & special).any()
    inner = continues[ids] & ~special
    inner[:, [1, 16]] = False  # after a special token a piece begins a word
    rows, columns = np.nonzero(inner)
    np.testing.assert_array_equal(chosen[rows, columns], chosen[rows, columns - 1])
    begins = ~inner & ~special
    share = chosen[begins].mean()
    assert abs(share - 0.3) < 5 * np.sqrt(0.3 * 0.7 / begins.sum())  # five standard deviations
    with pytest.raises(TrainingError, match="which tokens continue"):
        Data(settings("bert", masking=Masking(whole_words=True)), PackedDocuments(*[np.zeros(1)] * 3, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["bert"])
def test_the_first_part_of_a_run_may_have_more_masks_and_short_rows(
    kind: str, packed: PackedDocuments
) -> None:
    run = settings(kind, early_tokens=1000, early_mlm_probability=0.5, early_short=True)
    data = Data(run, packed)
    shares: dict[bool, list[float]] = {True: [], False: []}
    for step in range(60):
        early = step < 30
        batch = data.batch(step, {}, 0 if early else 1000)
        if early:
            assert batch["input_ids"].shape[1] == 16
        ordinary = ~np.isin(np.where(batch["labels"] < 0, batch["input_ids"], batch["labels"]), (0, 101, 102))
        shares[early].append((batch["labels"] >= 0).sum() / ordinary.sum())
    assert np.mean(shares[True]) == pytest.approx(0.5, abs=0.05)
    assert np.mean(shares[False]) == pytest.approx(0.15, abs=0.03)
    with pytest.raises(TrainingError, match="shares lie between"):
        settings(kind, early_tokens=1000, early_mlm_probability=1.5)


@pytest.mark.parametrize("kind", ["bert"])
def test_part_of_the_steps_may_leave_the_next_sentence_out(
    kind: str, packed: PackedDocuments, tmp_path: Path
) -> None:
    run = settings(kind, next_sentence_share=0.5)
    data, used = Data(run, packed), {}
    without = [bool((data.batch(step, used)["next_sentence_label"] < 0).all()) for step in range(200)]
    assert abs(np.mean(without) - 0.5) < 5 * 0.5 / np.sqrt(200)  # five standard deviations of a fair coin
    assert set(used) == {16, 32, -16, -32}
    whole = losses_of(tmp_path / "whole", run, packed)
    cut = losses_of(tmp_path / "cut", run, packed, stop_after=5)
    assert cut[:4] + losses_of(tmp_path / "cut", run, packed) == whole


def test_a_run_written_before_there_were_whole_words_goes_on(
    gpt_packed: PackedDocuments, tmp_path: Path
) -> None:
    losses_of(tmp_path, settings("gpt"), gpt_packed, stop_after=4)
    written = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    del written["masking"]["whole_words"], written["language"]
    (tmp_path / "run.json").write_text(json.dumps(written), encoding="utf-8")
    assert read_run(tmp_path) == settings("gpt")
    assert Run(tmp_path, settings("gpt"), CPU).progress.step == 3


@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_an_epoch_is_used_up_before_the_next_begins(kind: str, packed: PackedDocuments) -> None:
    data = Data(settings(kind, lengths={32: 1.0}), packed)
    used: dict[int, int] = {}
    data.batch(0, used)
    epoch_rows = data._epochs[32][1]
    sizes = [used[32]]
    while used[32] < len(epoch_rows):
        before = used[32]
        data.batch(len(sizes), used)
        sizes.append(used[32] - before)
    assert sum(sizes) == len(epoch_rows)
    data.batch(len(sizes), used)
    assert data._epochs[32][0] == 1


def test_a_run_without_budget_or_with_rows_too_long_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"8…32"):
        settings("bert", lengths={64: 1.0})
    with pytest.raises(TrainingError, match="at least one token"):
        settings("bert", 0)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_an_epoch_is_made_once(kind: str, packed: PackedDocuments, monkeypatch: pytest.MonkeyPatch) -> None:
    make, made = getattr(training, f"{kind}_epoch"), []

    def counted(*arguments: object, **options: object) -> object:
        made.append(arguments)
        return make(*arguments, **options)

    monkeypatch.setattr(training, f"{kind}_epoch", counted)
    data, used = Data(settings(kind, lengths={32: 1.0}), packed), {}
    step = 0
    while len(made) < 4:
        data.batch(step, used)
        step += 1
    assert step > 2 * len(made)  # several batches to an epoch
    data.batch(step, used)
    assert len(made) == 4


def test_first_heads_begin_at_their_neighbours() -> None:
    size = Size("small", 2, 6, 192, 512, 64, 64)
    model = build_model("bert", size, 0, "eager", neighbour_layers=2).eval()
    ids = torch.randint(104, 512, (4, 40), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        layers = model(input_ids=ids, output_attentions=True).attentions
    for layer, weights in enumerate(layers):
        for head, offset in enumerate(NEIGHBOUR_OFFSETS[layer][:3]):
            on_neighbour = weights[:, head].diagonal(offset, 1, 2)[:, 2:-2].mean()
            assert on_neighbour > 0.7  # measured 0.88 to 0.90; an even look at 40 tokens gives 0.025
        # The others begin by telling tokens apart: an even look would be 1.
        entropy = -(weights[:, 3:].clamp_min(1e-9).log() * weights[:, 3:]).sum(-1) / np.log(ids.shape[1])
        assert entropy.mean((0, 2)).max() < 0.9


def test_queries_and_keys_are_not_shrunk() -> None:
    model = build_model("bert", Size("small", 2, 2, 32, 512, 64, 64), 0)
    muon = build_optimizers(model, "bert", weight_decay=0.3)[0]
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    shrunk = {
        names[id(parameter)].split(".")[-2]: group["weight_decay"]
        for group in muon.param_groups
        for parameter in group["params"]
    }
    assert shrunk.pop("query") == shrunk.pop("key") == 0
    assert set(shrunk.values()) == {0.3}


def test_schedule_is_flat_between_warm_up_and_decay() -> None:
    schedule = Schedule(total_tokens=1000, warmup_tokens=100, decay_share=0.3)
    assert schedule.decay_start == 700
    assert {schedule.factor(tokens) for tokens in (100, 400, 700)} == {1.0}
    falling = [schedule.factor(tokens) for tokens in range(700, 1001, 50)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] == pytest.approx(0.01)


def test_orthogonalize_makes_singular_values_alike() -> None:
    for shape in ((24, 24), (48, 16), (16, 48)):
        matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        values = torch.linalg.svdvals(orthogonalize(matrix, steps=5))
        # Muon's coefficients drive all singular values near 1, within 0.3; very small ones need more steps.
        assert values.max() < 1.3
        assert values.median() > 0.6
    before = torch.linalg.svdvals(torch.randn(48, 16, generator=torch.Generator().manual_seed(1)))
    assert before.max() / before.min() > 2


def test_orthogonalize_does_matrices_of_a_stack_each_for_itself() -> None:
    stack = torch.randn(3, 12, 20, generator=torch.Generator().manual_seed(5))
    together = orthogonalize(stack)
    for one, alone in zip(together, stack, strict=True):
        torch.testing.assert_close(one, orthogonalize(alone), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(orthogonalize(stack.mT), together.mT, atol=1e-5, rtol=1e-5)


def test_muon_updates_tall_wide_and_square_matrices_alike() -> None:
    generator = torch.Generator().manual_seed(6)
    matrices = [torch.randn(shape, generator=generator) for shape in ((8, 8), (8, 20), (20, 8), (8, 24))]
    parameters = [torch.nn.Parameter(torch.zeros(matrix.shape)) for matrix in matrices]
    for parameter, gradient in zip(parameters, matrices, strict=True):
        parameter.grad = gradient.clone()
    Muon(parameters, lr=1.0).step()
    for parameter, gradient in zip(parameters[:3], matrices, strict=False):
        rows, columns = gradient.shape
        expected = -orthogonalize(gradient) * (max(rows, columns) / min(rows, columns)) ** 0.5
        torch.testing.assert_close(parameter.detach(), expected, atol=1e-5, rtol=1e-5)
    thirds = torch.cat([orthogonalize(part) for part in matrices[3].chunk(3, 1)], 1)
    torch.testing.assert_close(parameters[3].detach(), -thirds, atol=1e-5, rtol=1e-5)


def test_muon_treats_a_fused_matrix_as_its_three_parts() -> None:
    generator = torch.Generator().manual_seed(2)
    parts = [torch.randn(8, 8, generator=generator) for _ in range(3)]
    fused = torch.nn.Parameter(torch.zeros(8, 24))
    fused.grad = torch.cat([part * scale for part, scale in zip(parts, (1.0, 100.0, 0.01), strict=True)], 1)
    Muon([fused], lr=1.0).step()
    norms = [part.norm().item() for part in fused.detach().chunk(3, 1)]
    assert max(norms) / min(norms) < 1.3  # each part is normalised on its own, whatever its gradient's size


def test_blockwise_cross_entropy_equals_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.pretraining.cross_entropy.BLOCK_ROWS", 7)
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(20, 6, generator=generator, requires_grad=True)
    weight = torch.randn(11, 6, generator=generator, requires_grad=True)
    targets = torch.randint(0, 11, (20,), generator=generator)
    expected = torch.nn.functional.cross_entropy(hidden @ weight.T, targets)
    expected_grads = torch.autograd.grad(2 * expected, (hidden, weight))
    got = linear_cross_entropy(hidden, weight, targets)
    grads = torch.autograd.grad(2 * got, (hidden, weight))
    # float32 sums of 20 rows in another order
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-6)
    for one, other in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_history_is_json_lines_with_tokens(gpt_packed: PackedDocuments, tmp_path: Path) -> None:
    Run(tmp_path, settings("gpt"), CPU).train(gpt_packed, gpt_packed, evaluate_every=3)
    entries = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text("utf-8").splitlines()]
    assert entries[-1]["tokens"] >= 3000
    assert entries[-1]["held_out"]["loss"] < entries[0]["held_out"]["loss"]


@pytest.mark.parametrize("causal", [True, False])
def test_training_attention_is_the_librarys(causal: bool) -> None:
    generator = torch.Generator().manual_seed(7)
    shape = (2, 3, 9, 4)
    query, key, value = (torch.randn(shape, generator=generator, requires_grad=True) for _ in range(3))
    seen = torch.ones(2, 1, 9, 9, dtype=torch.bool)
    seen[1, ..., 6:] = False  # padding of the second row
    if causal:
        seen = seen & torch.ones(9, 9, dtype=torch.bool).tril()
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, seen, scale=0.3)
    got = attend(query, key, value, torch.where(seen, 0.0, -1e9), 0.3)
    torch.testing.assert_close(got, expected, atol=1e-6, rtol=1e-5)
    weight = torch.randn(shape, generator=generator)
    for one, other in zip(
        torch.autograd.grad((got * weight).sum(), (query, key, value)),
        torch.autograd.grad((expected * weight).sum(), (query, key, value)),
        strict=True,
    ):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_bf16_training_follows_float32(kind: str, packed: PackedDocuments, tmp_path: Path) -> None:
    exact = losses_of(tmp_path / "float32", settings(kind), packed)
    fast: list[float] = []
    Run(tmp_path / "bf16", settings(kind), replace(CPU, bf16=True)).train(packed, on_step=lambda _, loss: fast.append(loss))  # fmt: skip
    # bf16 keeps 8 bits: a loss near 6 nats is off by hundredths, and twelve steps let it drift no further
    np.testing.assert_allclose(fast, exact, atol=0.05)
    assert fast != exact


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_compiled_training_gives_the_same_losses(
    kind: str, packed: PackedDocuments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tracing, without the minute of the C++ compiler.
    compile_whole = torch.compile
    compiled_shapes: list[object] = []

    def traced(function: Any, **options: Any) -> Any:
        compiled_shapes.append(function)
        return compile_whole(function, **options, backend="aot_eager")

    monkeypatch.setattr(torch, "compile", traced)
    cross_entropy._kernel.cache_clear()
    losses: dict[bool, list[float]] = {False: [], True: []}
    for compiled, steps in losses.items():
        run = Run(tmp_path / str(compiled), settings(kind), replace(CPU, bf16=True, compiled=compiled))
        run.train(packed, on_step=lambda _, loss, to=steps: to.append(loss))  # type: ignore[misc]
    cross_entropy._kernel.cache_clear()
    assert compiled_shapes
    np.testing.assert_allclose(losses[True], losses[False], atol=0.02)  # bf16 rounds elsewhere


KILLED = """
import sys
from pathlib import Path
from components.pretraining.packing import PackedDocuments
from tests.pretraining.test_training import CPU, Run, settings
def on_step(step, loss):
    print(step, loss, flush=True)
Run(Path(sys.argv[1]), settings("gpt", 60_000), CPU).train(PackedDocuments.load(Path(sys.argv[2])), save_every_s=0.0, on_step=on_step)
"""


def test_a_killed_process_loses_no_more_than_the_steps_since_the_last_state(
    gpt_packed: PackedDocuments, tmp_path: Path
) -> None:
    gpt_packed.save(tmp_path / "train.npz")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "run"), str(tmp_path / "train.npz")]
    root = str(Path(__file__).parents[2])
    printed: list[list[str]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line.split())
            if len(printed) == 7:
                process.kill()  # in the middle of a step, or of writing a state
                break
    reached = int(printed[-1][0])
    resumed = Run(tmp_path / "run", settings("gpt", 60_000), CPU)
    assert reached - 1 <= resumed.progress.step <= reached + 3
    whole = losses_of(tmp_path / "whole", settings("gpt", 60_000), gpt_packed, stop_after=resumed.progress.step + 3)  # fmt: skip
    rest: list[float] = []

    class Enough(Exception):
        pass

    def on_step(_: int, loss: float) -> None:
        rest.append(loss)
        if len(rest) == 3:
            raise Enough

    done = resumed.progress.step
    with contextlib.suppress(Enough):
        resumed.train(gpt_packed, on_step=on_step)
    assert rest == whole[done : done + 3]


def test_a_full_disk_keeps_the_last_state_and_the_run_goes_on(
    gpt_packed: PackedDocuments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = losses_of(tmp_path / "whole", settings("gpt"), gpt_packed)
    losses_of(tmp_path / "run", settings("gpt"), gpt_packed, stop_after=4)
    kept = (tmp_path / "run" / "state.pt").read_bytes()

    def half(state: object, file: Any) -> None:
        file.write(b"half of a state")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(training.torch, "save", half)
    losses: list[float] = []
    with pytest.raises(TrainingError, match="make room"):
        Run(tmp_path / "run", settings("gpt"), CPU).train(gpt_packed, save_every_s=0.0, on_step=lambda _, loss: losses.append(loss))  # fmt: skip
    assert losses == whole[3:]
    assert (tmp_path / "run" / "state.pt").read_bytes() == kept
    assert not list((tmp_path / "run").glob("*.partial"))
    monkeypatch.undo()
    assert losses_of(tmp_path / "run", settings("gpt"), gpt_packed) == whole[3:]


def exported(folder: Path, kind: str, wordpiece: Tokenizer, corpus: str) -> Path:
    """A model folder as the step ``export`` writes it, with a card that names ``corpus``."""
    save_half(build_model(kind, TINY, 11), folder)
    save_for_transformers(wordpiece, kind, 32, folder)
    (folder / "README.md").write_text(f"---\nlanguage: en\n{corpus}---\n\n# tiny\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_a_run_starts_from_exported_weights_with_rate_and_optimiser_anew(
    kind: str, packed: PackedDocuments, wordpiece: Tokenizer, tmp_path: Path
) -> None:
    wordpiece.save(str(tmp_path / "vocabulary.json"))
    corpus = f"corpus:\n  tales: {'ab' * 32}\n"
    folder = exported(tmp_path / "shipped", kind, wordpiece, corpus)
    run = Run(tmp_path / "run", settings(kind), CPU)
    run.start_from(folder, tmp_path / "vocabulary.json", {"sha256": {"tales": "ab" * 32}})
    expected = build_model(kind, TINY, 11).half().float().state_dict()
    got = run.learner.model.state_dict()
    assert all(torch.equal(got[name], expected[name]) for name in expected)
    assert run.progress.tokens == 0
    assert all(not optimizer.state for optimizer in run.optimizers)
    run.train(packed)
    again = Run(tmp_path / "run", settings(kind), CPU)
    assert again.progress.started_from.startswith("shipped ")
    assert len(again.progress.started_from.split()[1]) == 64


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ("", "does not name the text"),
        (f"corpus:\n  tales: {'cd' * 32}\n", "another text of tales"),
        (f"corpus:\n  tales: {'ab' * 32}\n  old_tales: {'ab' * 32}\n", "another text of old_tales"),
    ],
)
def test_weights_that_saw_another_text_are_refused(
    corpus: str, message: str, wordpiece: Tokenizer, tmp_path: Path
) -> None:
    wordpiece.save(str(tmp_path / "vocabulary.json"))
    folder = exported(tmp_path / "shipped", "gpt", wordpiece, corpus)
    run = Run(tmp_path / "run", settings("gpt"), CPU)
    with pytest.raises(TrainingError, match=message):
        run.start_from(folder, tmp_path / "vocabulary.json", {"sha256": {"tales": "ab" * 32}})


def test_weights_of_another_shape_or_vocabulary_are_refused(
    wordpiece: Tokenizer, byte_level_bpe: Tokenizer, tmp_path: Path
) -> None:
    wordpiece.save(str(tmp_path / "vocabulary.json"))
    byte_level_bpe.save(str(tmp_path / "other.json"))
    folder = exported(tmp_path / "shipped", "gpt", wordpiece, f"corpus:\n  tales: {'ab' * 32}\n")
    summary = {"sha256": {"tales": "ab" * 32}}
    with pytest.raises(TrainingError, match="other vocabulary"):
        Run(tmp_path / "a", settings("gpt"), CPU).start_from(folder, tmp_path / "other.json", summary)
    wider, flatter = (settings("gpt", size=replace(TINY, **change)) for change in ({"hidden_size": 32}, {"num_layers": 1}))  # type: ignore[arg-type]  # fmt: skip
    with pytest.raises(TrainingError, match="other shape"):
        Run(tmp_path / "b", wider, CPU).start_from(folder, tmp_path / "vocabulary.json", summary)
    with pytest.raises(TrainingError, match="more weights"):
        Run(tmp_path / "c", flatter, CPU).start_from(folder, tmp_path / "vocabulary.json", summary)


@pytest.mark.parametrize("name", ["nano-bert", "nano-gpt", "pocket-bert", "pocket-gpt"])
def test_shipped_cards_that_name_no_text_are_refused(name: str) -> None:
    folder = Path(__file__).parents[2] / "assets" / "models" / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    if "\ncorpus:\n" in card.partition("\n---\n")[0]:
        pytest.skip("made from a text its card names")
    with pytest.raises(TrainingError, match="does not name the text"):
        check_card(folder, {"sha256": {}})
