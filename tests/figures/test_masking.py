"""The figures of the masking chapter hold the numbers they were given."""

from components.figures.masking import accuracy_over_rates, shares_over_draws


def test_shares_hold_the_lines_and_the_band() -> None:
    draws = (1, 10, 100)
    shares = {"M": (0.2, 0.1, 0.12), "R": (0.0, 0.02, 0.015), "K": (0.01, 0.01, 0.014)}
    expected = {"M": 0.12, "R": 0.015, "K": 0.015}
    figure = shares_over_draws(draws, shares, expected, 50, names=dict.fromkeys("MRK", "x"), x_title="n", y_title="p", dark=False)  # fmt: skip
    lines = {trace.name: list(trace.y) for trace in figure.data if trace.name}
    assert lines == {f"{case} x": list(values) for case, values in shares.items()}
    band = next(trace for trace in figure.data if trace.fill == "toself")
    # 0.12 + 1.96 sqrt(0.12 * 0.88 / 50) after one draw of 50 tokens
    assert abs(band.y[0] - 0.21007) < 1e-4
    assert min(band.y) >= 0


def test_accuracy_keeps_gaps() -> None:
    values = {"all": [0.5, 0.4], "M": [0.4, 0.3], "R": [None, 0.2], "K": [0.9, 0.8]}
    figure = accuracy_over_rates([0.05, 0.1], values, spread=[(0.3, 0.6), None], names={k: k for k in (*values, "spread")}, chosen_rate=0.1, percent=True, x_title="", y_title="", dark=True)  # fmt: skip
    band, *lines = figure.data
    assert (list(band.x), list(band.y), band.fill) == ([0.05, 0.05], [0.6, 0.3], "toself")
    assert [list(trace.y) for trace in lines] == [values[k] for k in ("all", "M", "R", "K")]
    assert figure.layout.shapes[0].x0 == 0.1
    assert figure.layout.yaxis.range == (0, 1)
