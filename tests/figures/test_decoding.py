"""Names of points that lie side by side stand above one another, and every point keeps its name."""

from itertools import pairwise

from components.figures.decoding import strategies_figure
from components.lessons.gpt import decoding as page
from components.lessons.gpt.decoding_panels import SHOWN, SIDES


def test_no_name_stands_on_another() -> None:
    rows = [{**row, "name": row["strategy"], "side": SIDES.get(row["strategy"])} for row in page.study() if row["strategy"] in SHOWN]  # fmt: skip
    figure = strategies_figure(rows, story="story", x="x", y="y", dark=False, size=15)
    above = sorted((one.x, -one.ay, one.text) for one in figure.layout.annotations)
    lifts = [lift for _, lift, _ in above]
    assert all(later - earlier >= 15 for earlier, later in pairwise(lifts))
    beside = [trace.text[0] for trace in figure.data if "text" in trace.mode]
    assert {*(text for *_, text in above), *beside} == set(SHOWN)
    assert len(above) + len(beside) == len(SHOWN)
