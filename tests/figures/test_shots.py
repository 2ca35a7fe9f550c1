"""The dot plot of published scores holds the numbers it was given."""

from components.figures.shots import TaskScores, shots_figure
from components.figures.theme import palette


def test_a_mark_for_each_setting_and_the_best_of_others() -> None:
    tasks = [
        TaskScores("one", {"zero": 1.0, "one": 2.0, "few": 3.0}, 4.0, "somebody"),
        TaskScores("two", {"zero": None, "one": None, "few": 9.0}, None, ""),
    ]
    names = {"zero": "0", "one": "1", "few": "K", "best": "best"}
    figure = shots_figure(tasks, names=names, x_title="percent", dark=True)
    zero, one, few, best = figure.data
    assert (zero.name, one.name, few.name, best.name) == ("0", "1", "K", "best")
    assert [list(trace.x) for trace in figure.data] == [[1.0, None], [2.0, None], [3.0, 9.0], [4.0, None]]
    assert list(zero.y) == ["one", "two"]
    assert figure.layout.yaxis.autorange == "reversed"  # the first task on top
    assert len(figure.layout.shapes) == 1  # a line only between two scores or more
    assert len({trace.marker.symbol for trace in figure.data}) == 4  # never colour alone
    assert figure.layout.paper_bgcolor == palette(True)["background"]
