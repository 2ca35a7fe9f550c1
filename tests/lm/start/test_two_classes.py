"""Two classes learned in three ways, held to closed forms and to what was put in."""

import numpy as np
import pytest

from components.lm.start.two_classes import (
    DECAY,
    RIDGE,
    agreement,
    by_gaussians,
    by_logistic_regression,
    by_mixture,
    first_of_each,
    learn,
)

RANDOM = np.random.default_rng(0)
classes = np.array([0, 1] * 200)
points = RANDOM.normal(size=(400, 2)) * [1.0, 0.5] + np.where(classes[:, None], [2.5, 1.0], [0.0, 0.0])


def test_a_gaussian_has_the_mean_and_the_covariance_of_its_points() -> None:
    found = by_gaussians(points, classes).parts
    assert found is not None
    for k, part in enumerate(found):
        mine = points[classes == k]
        assert part.mean == pytest.approx(mine.mean(0))
        assert part.cov == pytest.approx(np.cov(mine.T, bias=True) + RIDGE * np.diag(points.var(0)))
        assert part.share == pytest.approx(0.5)


def test_a_density_sums_to_its_share() -> None:
    found = by_gaussians(points, classes).parts
    assert found is not None
    x, y = np.meshgrid(np.linspace(-8, 10, 400), np.linspace(-8, 8, 400))
    area = (18 / 399) * (16 / 399)
    total = np.exp(found[0].log_density(np.column_stack([x.ravel(), y.ravel()]))).sum() * area
    assert total == pytest.approx(0.5, abs=1e-3)


def test_logistic_regression_stands_still_where_the_slope_is_zero() -> None:
    learned = by_logistic_regression(points, classes)
    assert learned.line is not None
    p = learned.second(points)
    slope = np.column_stack([points, np.ones(400)]).T @ (p - classes) + DECAY * learned.line * [1, 1, 0]
    assert slope == pytest.approx(np.zeros(3), abs=1e-8)
    assert learned.draw(3, 0) == ()


@pytest.mark.parametrize("way", ["discriminative", "generative"])
def test_all_labels_part_what_can_be_parted(way: str) -> None:
    found = learn(way, points, classes, first_of_each(classes, 20))  # type: ignore[arg-type]
    assert ((found.second(points) > 0.5) == classes).mean() > 0.9


def test_the_mixture_finds_the_clouds_without_labels() -> None:
    found = by_mixture(points)
    said = (found.second(points) > 0.5).astype(np.int64)
    assert agreement(said, classes) > 370
    assert found.parts is not None
    means = sorted(part.mean.tolist() for part in found.parts)
    assert np.array(means) == pytest.approx(np.array([[0.0, 0.0], [2.5, 1.0]]), abs=0.3)
    drawn = found.draw(2_000, 1)
    for part, new in zip(found.parts, drawn, strict=True):
        assert new.mean(0) == pytest.approx(part.mean, abs=0.1)


def test_two_points_a_class_are_enough_to_go_on() -> None:
    found = by_gaussians(points[:4], classes[:4])
    assert np.isfinite(found.second(points)).all()


def test_agreement_does_not_know_names() -> None:
    assert agreement(np.array([1, 1, 0]), np.array([0, 0, 1])) == 3
    assert agreement(np.array([1, 0, 0, 1]), np.array([0, 0, 1, 1])) == 2
