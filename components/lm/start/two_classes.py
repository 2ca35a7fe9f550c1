"""Two classes of points, learned in three ways: discriminative, generative, and generative without labels.

A discriminative model learns p(class | x) alone; here logistic regression. A generative one learns p(x | class) and p(class), from
which Bayes' rule gives p(class | x), and which can draw new x; here one normal distribution a class. Without labels the same
two distributions are found by expectation maximization (Dempster et al. 1977). See Ng and Jordan 2001, "On Discriminative vs.
Generative Classifiers".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Way = Literal["discriminative", "generative", "unlabelled"]
WAYS: tuple[Way, ...] = ("discriminative", "generative", "unlabelled")
RIDGE = 0.05
"""Added to the variances, as a share of those of all points: two points alone span no area."""
DECAY = 0.05
"""Of the weights of the logistic regression, which would grow without end where a line parts the classes."""
ROUNDS = 60


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A normal distribution in the plane: ``share`` of all points, ``mean`` (2,), ``cov`` (2, 2)."""

    share: float
    mean: Doubles
    cov: Doubles

    def log_density(self, points: Doubles) -> Doubles:
        """log of share times density at (n, 2) points, (n,)."""
        away = points - self.mean
        inside = np.einsum("ni,ij,nj->n", away, np.linalg.inv(self.cov), away)
        found: Doubles = np.log(self.share) - 0.5 * inside - 0.5 * np.log(np.linalg.det(2 * np.pi * self.cov))
        return found


@dataclass(frozen=True, eq=False)
class Learned:
    """p(class 1 | x): of a discriminative model by ``line`` (w_1, w_2, b), of a generative one by its two ``parts``."""

    line: Doubles | None
    parts: tuple[Gaussian, Gaussian] | None

    def second(self, points: Doubles) -> Doubles:
        """Return p(class 1 | x) at (n, 2) points, (n,)."""
        if self.parts is not None:
            zero, one = (part.log_density(points) for part in self.parts)
            score = one - zero
        else:
            assert self.line is not None
            score = points @ self.line[:2] + self.line[2]
        found: Doubles = 1 / (1 + np.exp(-np.clip(score, -500, 500)))
        return found

    def draw(self, count: int, seed: int) -> tuple[Doubles, ...]:
        """Return ``count`` new points of each class; a discriminative model has none to give."""
        if self.parts is None:
            return ()
        random = np.random.default_rng(seed)
        return tuple(random.multivariate_normal(part.mean, part.cov, count) for part in self.parts)


def _gaussian(points: Doubles, weights: Doubles, all_points: Doubles) -> Gaussian:
    total = weights.sum()
    mean = weights @ points / total
    away = points - mean
    cov = (weights[:, None] * away).T @ away / total + RIDGE * np.diag(all_points.var(0))
    return Gaussian(float(total / len(points)), mean, cov)


def by_logistic_regression(points: Doubles, classes: Ints) -> Learned:
    """Fit p(class 1 | x) to labelled points by Newton's method."""
    given = np.column_stack([points, np.ones(len(points))])
    w = np.zeros(3)
    decay = DECAY * np.array([1.0, 1.0, 0.0])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(given @ w, -500, 500)))
        slope = given.T @ (p - classes) + decay * w
        curve = (given * (p * (1 - p))[:, None]).T @ given + np.diag(decay + 1e-9)
        w = w - np.linalg.solve(curve, slope)
    return Learned(w, None)


def by_gaussians(points: Doubles, classes: Ints) -> Learned:
    """Fit one normal distribution to the labelled points of each class."""
    zero, one = (_gaussian(points, (classes == k).astype(float), points) for k in (0, 1))
    return Learned(None, (zero, one))


def by_mixture(points: Doubles) -> Learned:
    """Fit two normal distributions to points without labels; which of them is which nobody says.

    Begins with the two halves along the axis of the largest variance.
    """
    centred = points - points.mean(0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    second = (centred @ axis > 0).astype(float)
    for _ in range(ROUNDS):
        parts = (_gaussian(points, 1 - second, points), _gaussian(points, second, points))
        second = Learned(None, parts).second(points)
    return Learned(None, parts)


def learn(way: Way, points: Doubles, classes: Ints, labelled: Ints) -> Learned:
    """Learn in a way from the ``labelled`` points (indices), or from all points without their labels."""
    if way == "unlabelled":
        return by_mixture(points)
    fit = by_logistic_regression if way == "discriminative" else by_gaussians
    return fit(points[labelled], classes[labelled])


def agreement(said: Ints, classes: Ints) -> int:
    """Return how many points two groups share with two classes, whichever group is called which."""
    same = int((said == classes).sum())
    return max(same, len(classes) - same)


def first_of_each(classes: Ints, count: int) -> Ints:
    """Return the indices of the first ``count`` points of each class.

    >>> first_of_each(np.array([0, 1, 1, 0, 0]), 2).tolist()
    [0, 1, 2, 3]
    """
    chosen = [np.flatnonzero(classes == k)[:count] for k in (0, 1)]
    found: Ints = np.sort(np.concatenate(chosen))
    return found
