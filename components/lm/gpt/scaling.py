"""Runs of small GPTs at several sizes and budgets, and the laws fitted to their losses.

Kaplan et al. 2020, https://arxiv.org/abs/2001.08361 (sections 1.2 and 3); Hoffmann et al. 2022 ("Chinchilla"),
https://arxiv.org/abs/2203.15556 (section 3). Sizes N are counted without embeddings, as Kaplan et al. do; losses in nats per token.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Row = TypeVar("Row", bound="ScalingRun | JumpRun")
FACTS = Path(__file__).parents[3] / "assets" / "facts"
RUNS_PATH, JUMPS_PATH = FACTS / "scaling_study.csv", FACTS / "jump_study.csv"


@dataclass(frozen=True)
class ScalingRun:
    """One trained model: what was set, what it cost, what it reached. One line of the CSV."""

    width: int
    layers: int
    heads: int
    context: int
    vocab_size: int
    seed: int
    tokens: int
    """D: tokens read in training, none twice."""
    steps: int
    batch_tokens: int
    warmup_tokens: int
    decay_share: float
    muon_rate: float
    adamw_rate: float
    parameters: int
    """N: without the embeddings of tokens and positions."""
    embedding_parameters: int
    flops: float
    """C = 6 N D (Kaplan et al., section 2.1)."""
    cpu_seconds: float
    """Processor time of one thread from the first step to the last, without measuring."""
    loss: float
    """Nats per token on held-out text."""
    texts: str
    """Each prompt with what it wrote after it, joined by a tab; line breaks as spaces."""
    machine: str

    @property
    def key(self) -> tuple[int, int, int]:
        """(width, tokens, seed)."""
        return self.width, self.tokens, self.seed


def load_runs(path: Path = RUNS_PATH) -> list[ScalingRun]:
    """The runs of the CSV, sorted by width, tokens and seed; none where there is no file."""
    return sorted(_rows(path, ScalingRun), key=lambda run: run.key)


def _rows(path: Path, kind: type[Row]) -> list[Row]:
    if not path.exists():
        return []
    kinds = {field.name: {"int": int, "float": float, "str": str}[str(field.type)] for field in fields(kind)}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            kind(**{name: kinds[name](value) for name, value in row.items()}) for row in csv.DictReader(file)
        ]


def save_runs(runs: Sequence[ScalingRun], path: Path) -> None:
    """Write the CSV, all or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".partial")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [field.name for field in fields(ScalingRun)], lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(run) for run in sorted(runs, key=lambda run: run.key))
    temporary.replace(path)


# -- laws --------------------------------------------------------------------------------------------------------------

_T_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)  # fmt: skip
"""The quantile 0.975 of Student's t for 1 to 30 degrees of freedom."""
_Z_975 = 1.959964
"""The same of the normal distribution."""


def t_quantile(freedom: int) -> float:
    """Student's t at 0.975; infinite without a degree of freedom, beyond 30 by its expansion (Abramowitz and Stegun, 26.7.5)."""
    if freedom < 1:
        return math.inf
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z = _Z_975
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


@dataclass(frozen=True)
class JumpRun:
    """One training of the model that reads codes from its prompt (:mod:`components.lm.gpt.word_codes`), at a width of its own.

    Shares of right answers in 0…1 on fresh prompts: codes never seen, words shown and not shown; dictionaries of training, words not shown.
    """

    width: int
    seed: int
    tokens: int
    parameters: int
    loss: float
    new_shown: float
    new_unseen: float
    known_unseen: float
    cpu_seconds: float


def load_jumps(path: Path = JUMPS_PATH) -> list[JumpRun]:
    """The runs of the CSV, by width and seed; none where there is no file."""
    return sorted(_rows(path, JumpRun), key=lambda run: (run.width, run.seed))


@dataclass(frozen=True)
class PowerLaw:
    """loss = factor * x ** -exponent, a straight line on two logarithmic axes.

    ``low`` and ``high``: 95% interval of the exponent, as if the residuals were independent. ``residuals``: measured minus fitted, in nats.
    """

    factor: float
    exponent: float
    low: float
    high: float
    r_squared: float
    residuals: tuple[float, ...]

    def at(self, x: float) -> float:
        """The loss at ``x``."""
        return float(self.factor * x**-self.exponent)


def fit_power(x: Sequence[float], loss: Sequence[float]) -> PowerLaw:
    """Least squares of ln loss on ln x. Raises ValueError for fewer than two different x."""
    if len(set(x)) < 2:
        raise ValueError("a line needs two points")
    a, b = np.log(np.asarray(x, float)), np.log(np.asarray(loss, float))
    spread = float(((a - a.mean()) ** 2).sum())
    slope = float(((a - a.mean()) * (b - b.mean())).sum() / spread)
    fitted = b.mean() + slope * (a - a.mean())
    squares, freedom = float(((b - fitted) ** 2).sum()), len(a) - 2
    half = t_quantile(freedom) * math.sqrt(squares / freedom / spread) if freedom > 0 else math.inf
    whole = float(((b - b.mean()) ** 2).sum())
    return PowerLaw(
        factor=float(np.exp(b.mean() - slope * a.mean())),
        exponent=-slope,
        low=-slope - half,
        high=-slope + half,
        r_squared=1 - squares / whole if whole else 1.0,
        residuals=tuple((np.exp(b) - np.exp(fitted)).tolist()),
    )


def common_exponent(groups: Sequence[tuple[Sequence[float], Sequence[float]]]) -> tuple[float, float, float]:
    """(exponent, low, high) of parallel lines, one a group of (x, loss), each with a height of its own; 95% interval."""
    a = [np.log(np.asarray(x, float)) for x, _ in groups]
    b = [np.log(np.asarray(y, float)) for _, y in groups]
    x = np.concatenate([one - one.mean() for one in a])
    y = np.concatenate([one - one.mean() for one in b])
    slope, freedom = float((x * y).sum() / (x * x).sum()), len(x) - len(groups) - 1
    squares = float(((y - slope * x) ** 2).sum())
    half = (
        t_quantile(freedom) * math.sqrt(squares / freedom / float((x * x).sum())) if freedom > 0 else math.inf
    )
    return -slope, -slope - half, -slope + half


@dataclass(frozen=True)
class SumLaw:
    """loss = floor + A / N ** alpha + B / D ** beta (Hoffmann et al. 2022, equation 2); ``floor`` is what no size removes."""

    floor: float
    a: float
    alpha: float
    b: float
    beta: float
    rms: float
    """Root mean square of the residuals in nats, of the runs it was fitted to."""
    r_squared: float
    """Of the losses in nats."""

    def at(self, size: float, tokens: float) -> float:
        """The loss of ``size`` parameters after ``tokens`` tokens."""
        return float(self.floor + self.a * size**-self.alpha + self.b * tokens**-self.beta)

    def best(self, flops: float) -> tuple[float, float]:
        """(N, D) of the lowest loss with 6 N D = ``flops`` (Hoffmann et al. 2022, equation 4)."""
        share = (self.alpha * self.a / (self.beta * self.b)) ** (1 / (self.alpha + self.beta))
        size = share * (flops / 6) ** (self.beta / (self.alpha + self.beta))
        return size, flops / 6 / size

    @property
    def size_exponent(self) -> float:
        """How the best N grows with compute: N ~ C ** this."""
        return self.beta / (self.alpha + self.beta)


def fit_sum(
    sizes: Sequence[float], tokens: Sequence[float], loss: Sequence[float], floor: float | None = None
) -> SumLaw:
    """The law whose relative errors have the smallest sum of squares; ``floor`` is found where it is None.

    For given exponents and floor the two factors follow from a linear system, so only those are searched: a grid that closes in.
    Raises ValueError for fewer than four runs.
    """
    n, d, y = (np.asarray(values, float) for values in (sizes, tokens, loss))
    if len(y) < 4:
        raise ValueError("this law needs four runs")
    floors = [floor] if floor is not None else list(np.linspace(0, 0.95 * y.min(), 24))
    best = min((_fit_floored(n, d, y, one) for one in floors), key=lambda found: found[0])
    if floor is None:
        step = floors[1]
        for _ in range(12):
            near = [max(0.0, best[1] - step / 2), best[1] + step / 2]
            found = [_fit_floored(n, d, y, one) for one in near if one < 0.99 * y.min()]
            best, step = min([best, *found], key=lambda one: one[0]), step / 2
    _, at, a, alpha, b, beta = best
    fitted = at + a * n**-alpha + b * d**-beta
    squares = float(((y - fitted) ** 2).sum())
    return SumLaw(at, a, alpha, b, beta, math.sqrt(squares / len(y)), 1 - squares / float(((y - y.mean()) ** 2).sum()))  # fmt: skip


def _fit_floored(
    n: Floats, d: Floats, y: Floats, floor: float
) -> tuple[float, float, float, float, float, float]:
    """(squares, floor, A, alpha, B, beta) of the best law with this floor."""
    low, high = np.array([0.01, 0.01]), np.array([1.2, 1.2])
    best: tuple[float, float, float, float, float, float] = (math.inf, floor, 0.0, 0.1, 0.0, 0.1)
    ln_n, ln_d = np.log(n) - np.log(n).mean(), np.log(d) - np.log(d).mean()
    for _ in range(14):
        alpha, beta = (np.linspace(low[i], high[i], 15) for i in range(2))
        u, v = np.exp(-alpha[:, None] * ln_n) / y, np.exp(-beta[:, None] * ln_d) / y  # (exponents, runs)
        target = (y - floor) / y
        uu, vv, uv = (u * u).sum(1)[:, None], (v * v).sum(1)[None], u @ v.T
        ut, vt = (u @ target)[:, None], (v @ target)[None]
        det = uu * vv - uv**2
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = (ut * vv - vt * uv) / det, (vt * uu - ut * uv) / det
        squares = (target**2).sum() - a * ut - b * vt
        squares = np.where((a > 0) & (b > 0) & (det > 1e-12 * uu * vv), squares, np.inf)
        i, j = np.unravel_index(int(squares.argmin()), squares.shape)
        if squares[i, j] < best[0]:
            best = (
                float(squares[i, j]),
                floor,
                float(a[i, j] * np.exp(alpha[i] * np.log(n).mean())),
                float(alpha[i]),
                float(b[i, j] * np.exp(beta[j] * np.log(d).mean())),
                float(beta[j]),
            )
        centre, reach = np.array([best[3], best[5]]), (high - low) / 4
        low, high = np.maximum(0.005, centre - reach), centre + reach
    return best


def floor_interval(
    sizes: Sequence[float], tokens: Sequence[float], loss: Sequence[float], steps: int = 30
) -> tuple[float, float, float]:
    """(best, lowest, highest) floor that these runs do not rule out (profile of the likelihood, 95%).

    Where the lowest is 0 and the highest is near the lowest loss, the runs say nothing of a floor."""
    y = np.asarray(loss, float)
    best = fit_sum(sizes, tokens, loss)
    least = _relative_squares(best, sizes, tokens, y)
    allowed = least * math.exp(3.841 / len(y))  # chi-squared with one degree of freedom
    grid = np.linspace(0, 0.95 * y.min(), steps)
    kept = [f for f in grid if _relative_squares(fit_sum(sizes, tokens, loss, float(f)), sizes, tokens, y) <= allowed]  # fmt: skip
    return best.floor, float(min([*kept, best.floor])), float(max([*kept, best.floor]))


def _relative_squares(law: SumLaw, sizes: Sequence[float], tokens: Sequence[float], loss: Floats) -> float:
    fitted = np.array([law.at(n, d) for n, d in zip(sizes, tokens, strict=True)])
    return float((((loss - fitted) / loss) ** 2).sum())


# -- what a budget buys ------------------------------------------------------------------------------------------------


def loss_at_tokens(runs: Sequence[ScalingRun], tokens: float) -> float | None:
    """The loss of one width after ``tokens`` tokens: on the line (both logarithmic) between two of its runs; None beyond them."""
    return _between([(run.tokens, run.loss) for run in runs], tokens)


def loss_at_seconds(runs: Sequence[ScalingRun], seconds: float) -> float | None:
    """The loss of one width after so many processor seconds, on the same line; None beyond its runs."""
    return _between([(run.cpu_seconds, run.loss) for run in runs], seconds)


def tokens_to_reach(runs: Sequence[ScalingRun], loss: float) -> float | None:
    """The tokens after which one width reaches ``loss``, on the same line; None where its runs do not."""
    return _between([(run.loss, run.tokens) for run in runs], loss)


def _between(points: Sequence[tuple[float, float]], x: float) -> float | None:
    """The second number where the first is ``x``, straight between logarithms; None beyond the points."""
    ordered = sorted(points)
    if not ordered or not ordered[0][0] * (1 - 1e-9) <= x <= ordered[-1][0] * (1 + 1e-9):
        return None
    return float(np.exp(np.interp(math.log(x), *np.log(np.array(ordered).T))))


def frontier(
    runs: Sequence[ScalingRun], cost: Callable[[ScalingRun], float] = lambda run: run.flops
) -> list[ScalingRun]:
    """The runs that no run of the same or lower ``cost`` (compute, if not said) beats, by rising cost."""
    kept: list[ScalingRun] = []
    for run in sorted(runs, key=lambda run: (cost(run), run.loss)):
        if not kept or run.loss < kept[-1].loss:
            kept.append(run)
    return kept
