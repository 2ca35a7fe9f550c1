"""Laws of size: known exponents are found again, intervals hold, nothing is read beyond the runs."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from components.lm.gpt.scaling import (
    ScalingRun,
    common_exponent,
    fit_power,
    fit_sum,
    floor_interval,
    frontier,
    load_jumps,
    load_runs,
    loss_at_tokens,
    save_runs,
    t_quantile,
    tokens_to_reach,
)

SIZES = [1.3e4, 5.1e4, 2.0e5, 7.9e5, 3.2e6]
TOKENS = [2.0**k for k in range(17, 22)]
GRID = [(n, d) for n in SIZES for d in TOKENS]


def run(width: int = 16, tokens: int = 1000, loss: float = 5.0, **changes: object) -> ScalingRun:
    size = 12 * 4 * width**2
    made = ScalingRun(width, 4, 1, 128, 2048, 0, tokens, tokens // 10, 10, 100, 0.3, 0.02, 4e-3, size, 9, 6.0 * size * tokens, 1.5, loss, "One,\n\"two\"\tthree", "CPU")  # fmt: skip
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_a_power_is_found_again() -> None:
    """Kaplan et al. 2020, Table 5: L(N) = (8.8e13 / N) ** 0.076."""
    fit = fit_power(SIZES, [(8.8e13 / n) ** 0.076 for n in SIZES])
    assert fit.exponent == pytest.approx(0.076, abs=1e-9)
    assert fit.factor == pytest.approx(8.8e13**0.076)
    assert fit.r_squared == pytest.approx(1)
    assert fit.high - fit.low < 1e-6
    assert fit.at(1e6) == pytest.approx((8.8e13 / 1e6) ** 0.076)


def test_the_interval_of_a_slope_covers_the_truth() -> None:
    """Noise of 1%, five points, 400 draws: 95% intervals hold the exponent in 95% of them (three standard errors: 3.3 points)."""
    dice, held = np.random.default_rng(0), 0
    for _ in range(400):
        noisy = [20 * n**-0.1 * math.exp(0.01 * dice.normal()) for n in SIZES]
        fit = fit_power(SIZES, noisy)
        held += fit.low <= 0.1 <= fit.high
    assert held / 400 == pytest.approx(0.95, abs=0.033)


def test_parallel_lines_share_an_exponent() -> None:
    groups = [(SIZES, [height * n**-0.07 for n in SIZES]) for height in (9.0, 11.0, 14.0)]
    exponent, low, high = common_exponent(groups)
    assert exponent == pytest.approx(0.07)
    assert low <= exponent <= high
    one = fit_power(SIZES, groups[0][1])
    assert common_exponent(groups[:1])[0] == pytest.approx(one.exponent)


def test_residuals_are_measured_minus_fitted() -> None:
    loss = [6.0, 5.0, 4.6, 4.0, 3.5]
    fit = fit_power(SIZES, loss)
    for n, y, residual in zip(SIZES, loss, fit.residuals, strict=True):
        assert y - fit.at(n) == pytest.approx(residual)
    with pytest.raises(ValueError, match="two points"):
        fit_power([1.0, 1.0], [3.0, 4.0])


@pytest.mark.parametrize("floor", [0.0, 1.69])
def test_the_joint_law_is_found_again(floor: float) -> None:
    """Hoffmann et al. 2022, equation 10: E = 1.69, A = 406.4, alpha = 0.34, B = 410.7, beta = 0.28."""
    loss = [floor + 406.4 * n**-0.34 + 410.7 * d**-0.28 for n, d in GRID]
    law = fit_sum([n for n, _ in GRID], [d for _, d in GRID], loss)
    assert (law.floor, law.alpha, law.beta) == pytest.approx((floor, 0.34, 0.28), abs=2e-3)
    assert law.a == pytest.approx(406.4, rel=0.02)
    assert law.b == pytest.approx(410.7, rel=0.02)
    assert law.at(7e7, 1.4e9) == pytest.approx(floor + 406.4 * 7e7**-0.34 + 410.7 * 1.4e9**-0.28, abs=5e-3)


def test_the_best_size_is_the_lowest_point_at_equal_compute() -> None:
    loss = [406.4 * n**-0.34 + 410.7 * d**-0.28 for n, d in GRID]
    law = fit_sum([n for n, _ in GRID], [d for _, d in GRID], loss, floor=0.0)
    for flops in (1e12, 1e15, 1e20):
        size, tokens = law.best(flops)
        assert 6 * size * tokens == pytest.approx(flops)
        for factor in (0.8, 1.25):
            assert law.at(size * factor, tokens / factor) > law.at(size, tokens)
    grown = law.best(1e16)[0] / law.best(1e15)[0]
    assert math.log10(grown) == pytest.approx(law.size_exponent)


def test_a_floor_that_noise_hides_is_not_claimed() -> None:
    """With 1% noise the interval holds the true floor and is wide; without noise it is narrow."""
    n, d = [n for n, _ in GRID], [d for _, d in GRID]
    exact = np.array([1.0 + 30 * a**-0.2 + 60 * b**-0.3 for a, b in GRID])
    dice = np.random.default_rng(1)
    _, low, high = floor_interval(n, d, list(exact * np.exp(0.01 * dice.normal(size=len(exact)))))
    assert low <= 1.0 <= high
    assert high - low > 0.3
    best, low, high = floor_interval(n, d, list(exact))
    assert (low, best, high) == pytest.approx((1.0, 1.0, 1.0), abs=0.05)


def test_quantiles() -> None:
    assert t_quantile(3) == 3.182
    assert t_quantile(0) == math.inf
    # from the tables of the distribution
    assert t_quantile(31) == pytest.approx(2.0395, abs=1e-4)
    assert t_quantile(66) == pytest.approx(1.9966, abs=1e-4)
    assert t_quantile(200) == pytest.approx(1.9719, abs=1e-4)


def test_between_two_runs_and_never_beyond() -> None:
    runs = [run(tokens=1000, loss=6.0), run(tokens=4000, loss=4.0)]
    assert loss_at_tokens(runs, 2000) == pytest.approx(math.sqrt(24))  # half way on both logarithms
    assert tokens_to_reach(runs, math.sqrt(24)) == pytest.approx(2000)
    assert loss_at_tokens(runs, 1000) == pytest.approx(6)
    assert loss_at_tokens(runs, 4000) == pytest.approx(4)
    assert loss_at_tokens(runs, 999) is None
    assert loss_at_tokens(runs, 4001) is None
    assert tokens_to_reach(runs, 3.9) is None
    assert tokens_to_reach([], 5) is None


def test_the_frontier_is_beaten_by_none() -> None:
    runs = [run(16, 1000, 6.0), run(16, 4000, 5.0), run(32, 500, 5.5), run(32, 4000, 4.0), run(64, 300, 5.9)]
    kept = frontier(runs)
    for one in runs:
        beaten = [other for other in runs if other.flops <= one.flops and other.loss < one.loss]
        assert (one in kept) == (not beaten)
    dear = dataclasses.replace(runs[0], cpu_seconds=99.0)
    assert frontier([dear, *runs[1:]], lambda one: one.cpu_seconds)[0].cpu_seconds == 1.5


def test_the_csv_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    assert load_runs(path) == []
    given = [run(32, 500, 5.5), run(16, 1000, 6.25), run(16, 1000, 6.3, seed=2)]
    save_runs(given, path)
    assert load_runs(path) == sorted(given, key=lambda one: one.key)


def test_the_shipped_grid_is_whole() -> None:
    """At least five widths and five budgets, three seeds for the smallest, every line with its settings."""
    runs = load_runs()
    assert len({one.key for one in runs}) == len(runs)
    widths, found = sorted({one.width for one in runs}), {one.key for one in runs}
    budgets = [d for d in {one.tokens for one in runs} if all((w, d, 0) in found for w in widths)]
    assert len(widths) >= 5
    assert len(budgets) >= 5
    assert {(widths[0], d, seed) for d in budgets for seed in (0, 1, 2)} <= found
    recipe = {(r.layers, r.context, r.vocab_size, r.batch_tokens, r.warmup_tokens, r.decay_share, r.muon_rate, r.adamw_rate) for r in runs}  # fmt: skip
    assert len(recipe) == 1
    for one in runs:
        assert one.tokens == one.steps * one.batch_tokens
        assert one.flops == 6.0 * one.parameters * one.tokens
        assert one.embedding_parameters == one.width * (one.vocab_size + one.context)
        # 12 n d^2 and, of each layer, 13 d of biases and norms; 2 d of the last norm.
        assert one.parameters == one.layers * (12 * one.width**2 + 13 * one.width) + 2 * one.width
        assert len(one.texts.split("\t")) == 2
        assert 2 < one.loss < math.log(one.vocab_size)


def test_one_command_makes_every_line() -> None:
    from components.pretraining.scaling_study import SEEDS, WIDTHS, planned

    plan = {(width, budget, seed) for width in WIDTHS for seed in range(SEEDS.get(width, 1)) for budget in planned(width, seed)}  # fmt: skip
    assert {run.key for run in load_runs()} == plan


def test_the_shipped_jumps_are_whole() -> None:
    runs = load_jumps()
    widths = {run.width for run in runs}
    assert len(runs) == 2 * len(widths)
    assert {run.tokens for run in runs} == {runs[0].tokens}
