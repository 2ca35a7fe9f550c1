"""The page "What size buys", from links, in both languages."""

import math

import pytest
from streamlit.testing.v1 import AppTest

from components.elements.gpt.scaling_board import AXES, HELD, ScalingAnswer, ScalingView, scaling_seen
from components.lessons.gpt import scaling as page
from components.lessons.gpt import scaling_panels as panels
from components.lm import checkpoints
from components.lm.gpt.scaling import fit_power, load_jumps
from components.lm.transformer.model_size import fact_rows
from tests.pages.conftest import Open, data_of, modules_after, notes, said, widget

PAGE = page.NAME
needs_gpt = pytest.mark.skipif(
    not {"pocket-gpt", "nano-gpt"} <= set(checkpoints.store().bundled_names()), reason="no bundled GPT"
)


def written(at: AppTest) -> str:
    """Everything the page says, without the backslashes of Markdown."""
    blocks = [block.value for kind in ("markdown", "caption") for block in getattr(at, kind)]
    return " ".join([said(at), *blocks]).replace("\\", "")


def test_opens(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    board = data_of(at, "scaling_board")
    assert board["start"]["axis"] == "s"
    assert len(board["runs"]) == len(page.runs())
    assert set(board["lines"]) == set(HELD)
    for held in HELD:
        assert set(board["lines"][held]) == set(AXES)
    assert len(board["times"]) == len(board["budgets"]) == len(board["targets"]) == page.OFFERED
    assert f"{page.law().rms:.3f}" in written(at)


def test_needs_no_torch() -> None:
    assert modules_after(PAGE, "scaling_board") == []


def test_lines_never_saw_what_was_held_out() -> None:
    for held in ("run", "width"):
        out = {i for i, _ in page.predicted(held)}
        assert len(out) == (1 if held == "run" else len(page._of_width(page.widths()[-1])))
        for axis in AXES:
            for line in page.lines(held, axis):
                assert not out & set(line["runs"])
        assert len(page.used(held)) + len(out) == len(page.first_seed())
    assert page.predicted("none") == []


def test_the_answer_of_the_prediction_is_what_happened() -> None:
    said_loss, reached = page.missed("run")
    gap = reached - said_loss
    assert page.prediction().answer == (1 if abs(gap) <= page.CLOSE else 0 if gap < 0 else 2)
    assert f"{reached:.2f}" in page.prediction().why


@pytest.mark.parametrize("answers", [page.time_answers(), page.budget_answers(), page.target_answers()])
def test_the_best_width_is_the_lowest_of_those_that_reach(answers: tuple[ScalingAnswer, ...]) -> None:
    widths = page.widths()
    for one in answers:
        known = [v for v in one["values"] if v is not None]
        assert len(one["values"]) == len(widths)
        if one["best"] is None:
            assert len(known) < 2
        else:
            assert one["values"][one["best"]] == min(known)
            beside = one["values"][max(0, one["best"] - 1) : one["best"] + 2]
            assert one["open"] == (None in beside)
            tokens = one["tokens"][one["best"]]
            assert tokens is not None
            assert 0.99 * page.budgets()[0] <= tokens <= 1.01 * page.budgets()[-1]


def test_the_best_width_grows_with_time() -> None:
    """What the first view says: told only where the widths beside the best were trained as long."""
    found = page.best_times()
    assert int(found["first"]) <= int(found["last"])
    best = [one["best"] for one in page.closed_times()]
    assert best == sorted(best)


def test_the_best_width_grows_with_compute() -> None:
    """What stands beside the course's sentence: among the widths that were trained for as much compute."""
    found = page.best_budgets()
    assert int(found["first"]) < int(found["last"])
    for given, best in ((found["small"], found["first"]), (found["large"], found["last"])):
        factor, power = given.split(" × 10")
        flops = float(factor) * 10 ** int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
        one = min(page.budget_answers(), key=lambda one: abs(one["given"] - flops))
        values = {w: v for w, v in zip(page.widths(), one["values"], strict=True) if v is not None}
        assert min(values, key=lambda w: values[w]) == int(best)


def test_seeds_say_how_far_chance_moves_a_slope() -> None:
    found = page.slopes_by_seed()
    assert len(found) == 3
    for seed, slope in enumerate(found):
        lines = [[r for r in page.runs() if (r.seed, r.tokens) == (seed, d) and r.width in page.seeded_widths()] for d in page.shared_budgets()]  # fmt: skip
        each = [
            fit_power([float(r.parameters) for r in line], [r.loss for r in line]).exponent for line in lines
        ]
        assert slope == pytest.approx(sum(each) / len(each))
    _, low, high = page.common("n")
    assert max(found) - min(found) < high - low, "the text says so"


def test_a_target_lies_on_its_law() -> None:
    for one in page.target_answers()[::10]:
        size, tokens, flops = one["law"]
        assert 6 * size * tokens == pytest.approx(flops)
        assert page.law().at(size, tokens) == pytest.approx(one["given"], abs=1e-6)


@pytest.mark.parametrize(("axis", "held"), [*((axis, "none") for axis in AXES), ("n", "run"), ("c", "width")])
def test_every_view_says_what_is_seen(open_page: Open, axis: str, held: str) -> None:
    at = open_page(PAGE, scaling_axis=axis, scaling_held=held, scaling_look="nothing")
    assert not at.exception
    expected = f"{page.missed(held)[1]:.2f}" if held != "none" else page.interval(page.common(axis) if axis in ("n", "all", "d") else panels._line(axis))  # fmt: skip
    assert expected in said(at)


@pytest.mark.parametrize("look", ["papers", "gpt", "texts"])
def test_every_panel(open_page: Open, lang: str, look: str) -> None:
    assert not open_page(PAGE, lang=lang, scaling_look=look).exception


@pytest.mark.parametrize("paper", ["n", "d", "c"])
def test_the_papers_laws_are_named(open_page: Open, paper: str) -> None:
    at = open_page(PAGE, scaling_look="papers", scaling_paper=paper)
    assert {"n": "0.076", "d": "0.095", "c": "0.050"}[paper] in written(at)
    assert "Kaplan et al. 2020" in written(at)


def test_checkpoints_follow_from_their_constants() -> None:
    """Kaplan et al. 2020, Table 5: L = (c / x) ** alpha."""
    laws: dict[str, dict[str, float]] = {row["law"].split(":")[0]: {} for row in fact_rows("scaling_laws")}
    for row in fact_rows("scaling_laws"):
        if row["where"].startswith("Table 5"):
            laws[row["law"].split(":")[0]][row["symbol"]] = float(row["value"])
    for row in fact_rows("scaling_law_checkpoints"):
        own = laws[row["law"]]
        alpha = next(v for k, v in own.items() if k.startswith("alpha"))
        scale = next(v for k, v in own.items() if not k.startswith("alpha"))
        assert (scale / float(row["input"])) ** alpha == pytest.approx(float(row["loss_nats_per_token"]), abs=6e-5)  # fmt: skip
    for axis, (symbol, value) in panels._KAPLAN.items():
        assert laws[panels._LAWS[axis]][symbol] == value


def test_gpt3_is_counted_again() -> None:
    for row in fact_rows("gpt3_models"):
        counted = panels.counted(int(row["n_layers"]), int(row["d_model"])) / 1e6
        assert counted == pytest.approx(float(row["params_M_counted_from_d_model"]), abs=1.5)
    assert panels.counted(40, 5120) / 1e6 == pytest.approx(12_850, abs=6)
    for row in fact_rows("gpt2_models"):
        assert panels.counted(int(row["layers"]), int(row["d_model"]), int(row["context"])) == int(row["params_counted"])  # fmt: skip
    for row in fact_rows("gpt3_models"):
        assert float(row["train_FLOPs_table_D1"]) / panels.PF_DAY == pytest.approx(float(row["train_PF_days_table_D1"]), rel=0.01)  # fmt: skip


def test_a_model_of_ones_own_is_counted(open_page: Open) -> None:
    at = open_page(PAGE, scaling_look="gpt", scaling_layers="2", scaling_width="64")
    assert f"{panels.counted(2, 64):,}" in written(at)


@needs_gpt
def test_a_name_leaves_the_window(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="window", scaling_between="0")
    assert "<s></s>Once" in said(at)
    widget(at, "scaling_between").set_value(60).run()
    assert not at.exception
    assert "<s>Once upon a time there was a boy named Lily." in said(at)


@needs_gpt
@pytest.mark.parametrize("name", ["   ", "안녕하세요", "<script>alert(1)</script>"])
def test_any_name(open_page: Open, name: str) -> None:
    at = open_page(PAGE, scaling_look="limits", scaling_name=name, scaling_between="3")
    assert not at.exception
    assert "<script>" not in said(at)


@needs_gpt
def test_physics_is_guessed_first(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="physics")
    before = written(at)
    assert "nano-gpt |" not in before
    next(b for b in at.button if b.key == "physics_r").click().run()
    assert not at.exception
    assert "| nano-gpt |" in written(at)
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="physics", scaling_guesses="r" * 12)
    assert "95%" in written(at)


def test_the_cost_is_guessed_first(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="cost")
    assert "PF-days ·" not in said(at)
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="cost", scaling_years="ages")
    assert "3,640 PF-days ·" in said(at)
    assert "BERT-Large" in said(at)


def test_the_skill_is_there_or_not(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, scaling_look="limits", scaling_limit="jump")
    found = panels._jumps()
    assert int(found["never"]) < int(found["always"])
    least = min(run.new_shown for run in load_jumps() if run.width >= int(found["always"]))
    assert found["least"] == f"{int(100 * least)}%"
    assert found["loss_can"] in written(at)


def test_every_text_is_in_the_table(open_page: Open) -> None:
    at = open_page(PAGE, scaling_look="texts")
    assert said(at).count("<td lang='en'>") == len(page.first_seed())


def test_what_a_browser_reports_is_checked() -> None:
    now = ScalingView("n", "none", "budget", 0, 4, 5, 6)
    report = {
        "rev": 1,
        "axis": "d",
        "held": "run",
        "ask": "target",
        "run": 10**9,
        "time": 7,
        "budget": -4,
        "target": 3,
    }
    assert scaling_seen(report, now, 1, 35, 41) == ScalingView("d", "run", "target", 34, 7, 0, 3)
    assert scaling_seen({**report, "axis": "<b>"}, now, 1, 35, 41) == now
    assert scaling_seen(report, now, 2, 35, 41) == now


def test_impossible_links_are_told(open_page: Open) -> None:
    at = open_page(PAGE, scaling_axis="x", scaling_run="7-7-7", scaling_budget="900", scaling_guesses="<b>")
    assert notes(at)
    assert not notes(open_page(PAGE, scaling_axis="n"))


def test_exports_hold_every_run() -> None:
    rows = page.run_rows()
    assert len(rows) == len(page.runs())
    assert {"width", "seed", "tokens", "loss", "texts", "muon_rate", "cpu_seconds"} <= set(rows[0])
    assert all(math.isfinite(row["exponent"]) for row in page.line_rows())
