"""What stands below the board of "What size buys": what does not fit, the papers' laws, GPT's sizes, what size did not buy, the texts."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import streamlit as st

from components.elements.gpt.scaling_board import HELD
from components.figures import scaling as figures
from components.lessons.gpt import scaling as page
from components.lessons.known_language import say_if_foreign
from components.lessons.probabilities import in_words
from components.lm.gpt.scaling import load_jumps
from components.lm.transformer.model_size import Size, count, fact_rows
from components.shell import links
from components.shell.held import held
from components.shell.layout import is_dark, note_line, open_panel, small_table, text_size, working
from components.shell.loading import load_model
from components.shell.results import shared
from components.words import t, told

if TYPE_CHECKING:
    from components.lm.gpt.limits import NameAfter

W = page.WORDS
PF_DAY = 1e15 * 24 * 3600
"""FLOPs of one petaflop/s-day (Kaplan et al. 2020)."""
GPT_VOCABULARY, GPT_POSITIONS = 50_257, 2048
STORY_MODEL, SMALL_MODEL = page.MODELS
QUIET_CHART = {"displayModeBar": False}


def look_further() -> None:
    """What the reader chose below the board."""
    open_panel(
        W,
        {"misfit": misfit, "papers": papers, "gpt": gpt, "limits": limits, "texts": texts},
        key="scaling_look",
    )


# -- what does not follow the line -----------------------------------------------------------------------------------------


def misfit() -> None:
    """What a straight line hides, with the numbers of these runs."""
    rows = []
    for name in HELD:
        law = page.law(name)
        said = page.predicted(name)
        rows.append(
            [
                t(W, f"held_{name}"),
                str(len(page.used(name))),
                f"{law.alpha:.3f}",
                f"{law.beta:.3f}",
                f"{law.rms:.3f}",
                f"{law.r_squared:.4f}",
                ", ".join(f"{loss:.2f} → {page.runs()[i].loss:.2f}" for i, loss in said) or "–",
            ]
        )
    small_table([t(W, f"col_{name}") for name in ("fit", "runs", "alpha", "beta", "rms", "r2", "said")], rows)
    st.caption(t(W, "misfit_caption"))
    best, low, high = page.floors()
    n, d = page.lines("none", "n"), page.lines("none", "d")
    slots = {
        "without": f"{_worst('n'):.3f}",
        "with_embeddings": f"{_worst('all'):.3f}",
        "floor": f"{best:.2f}",
        "floor_low": f"{low:.2f}",
        "floor_high": f"{high:.2f}",
        "n_low": f"{min(x['exponent'] for x in n):.3f}",
        "n_high": f"{max(x['exponent'] for x in n):.3f}",
        "d_low": f"{min(x['exponent'] for x in d):.3f}",
        "d_high": f"{max(x['exponent'] for x in d):.3f}",
        "narrow": d[0]["label"],
        "narrow_ends": page.signed(max(d[0]["residuals"])),
        "narrow_middle": page.signed(min(d[0]["residuals"])),
        "wide": d[-1]["label"],
        "wide_worst": f"{max(map(abs, d[-1]['residuals'])):.2f}",
        "seeded": ", ".join(map(str, page.seeded_widths())),
        "spread": f"{page.spread():.3f}",
        "slopes": ", ".join(f"{slope:.3f}" for slope in page.slopes_by_seed()),
        "predicted": page.nats(page.missed("width")[0]),
        "reached": page.nats(page.missed("width")[1]),
        "gap": page.signed(page.missed("width")[1] - page.missed("width")[0]),
    }
    lines = (
        "misfit_large",
        "misfit_floor",
        "misfit_embeddings",
        "misfit_slopes",
        "misfit_bend",
        "misfit_seeds",
    )
    st.markdown("\n".join(f"- {told(W, line, **slots)}" for line in lines))


def _worst(axis: str) -> float:
    return max(abs(x) for line in page.lines("none", axis) for x in line["residuals"])


# -- the papers' laws --------------------------------------------------------------------------------------------------------

_LAWS = {"n": "L(N)", "d": "L(D)", "c": "L(C_min)"}
_REACH = {"n": 1.5e9, "d": 2.3e10, "c": None}
"""Where the data of Kaplan et al. ended."""
_KAPLAN = {"n": ("alpha_N", 0.076), "d": ("alpha_D", 0.095), "c": ("alpha_C_min", 0.050)}


def papers() -> None:
    """Kaplan et al. and Chinchilla beside our runs, and the course's sentences."""
    axis = held().segmented_control(t(W, "paper_axis"), tuple(_LAWS), key="scaling_paper", required=True, format_func=lambda x: t(W, f"paper_{x}"))  # fmt: skip
    rows = [row for row in fact_rows("scaling_law_checkpoints") if row["law"] == _LAWS[axis]]
    x, loss = [float(row["input"]) for row in rows], [float(row["loss_nats_per_token"]) for row in rows]
    runs = [r for r in page.first_seed() if axis != "n" or r.tokens == page.shared_budgets()[-1]]
    runs = [r for r in runs if axis != "d" or r.width == page.widths()[-1]]
    if axis == "c":
        used = {i for line in page.lines("none", "c") for i in line["runs"]}
        runs = [r for i, r in enumerate(page.runs()) if i in used]
    unit = PF_DAY if axis == "c" else 1.0
    name, exponent = _KAPLAN[axis]
    figure = figures.laws_figure(
        (t(W, "paper_ours"), [page.at(r, axis) / unit for r in runs], [r.loss for r in runs]),
        [figures.DrawnLaw(f"Kaplan et al. 2020: {_LAWS[axis]}", x, loss, "key", "dash", _REACH[axis])],
        beyond=t(W, "paper_beyond"),
        x_title=t(W, f"paper_x_{axis}"),
        y_title=t(W, "paper_y"),
        dark=is_dark(),
        size=text_size(),
    )
    st.plotly_chart(figure, key="scaling_laws", theme=None, config=QUIET_CHART)
    ours = page.common(axis) if axis != "c" else _line("c")
    own_run = {"n": t(W, "paper_run_n", tokens=f"{page.shared_budgets()[-1]:,}"), "d": t(W, "paper_run_d", width=page.widths()[-1]), "c": t(W, "paper_run_c")}  # fmt: skip
    st.caption(told(W, "paper_caption", name=name, kaplan=f"{exponent:.3f}", ours=page.interval(ours), runs=own_run[axis]))  # fmt: skip
    st.markdown(told(W, "paper_chance"))
    law = page.law()
    share = law.size_exponent
    small_table(
        [t(W, "col_growth"), "N ∝ C^p", "D ∝ C^q", t(W, "col_from")],
        [
            ["Kaplan et al. 2020", "0.73", "0.27", t(W, "growth_kaplan")],
            ["Hoffmann et al. 2022 (Chinchilla)", "0.50", "0.50", t(W, "growth_chinchilla")],
            [t(W, "growth_ours"), f"{share:.2f}", f"{1 - share:.2f}", t(W, "growth_ours_note", ratio=f"{_ratio():.0f}")],
        ],
    )  # fmt: skip
    st.markdown(f"##### {t(W, 'claims_title')}")
    claims = [
        [t(W, f"claim_{name}"), t(W, f"claim_{name}_paper"), told(W, f"claim_{name}_ours", **_claims())]
        for name in ("samples", "compute", "data", "faster")
    ]
    small_table([t(W, "col_claim"), t(W, "col_paper"), t(W, "col_here")], claims)


def _line(axis: str) -> tuple[float, float, float]:
    line = page.lines("none", axis)[0]
    return line["exponent"], line["low"], line["high"]


def _ratio() -> float:
    """Return tokens per parameter of the law's best size at our largest budget."""
    size, tokens = page.law().best(max(r.flops for r in page.runs()))
    return tokens / size


@cache
def _claims() -> dict[str, str]:
    """Return what our runs say to the course's sentences: to reach what the narrowest reaches at its end."""
    narrow, wide = page.widths()[0], page.widths()[-1]
    goal = min(r.loss for r in page.first_seed() if r.width == narrow)
    from components.lm.gpt.scaling import tokens_to_reach

    own = {w: [r for r in page.first_seed() if r.width == w] for w in page.widths()}
    tokens = {w: tokens_to_reach(own[w], goal) for w in page.widths()}
    flops = {w: 6 * own[w][0].parameters * d for w, d in tokens.items() if d}
    cheapest = min(flops, key=lambda w: flops[w])
    return {
        "goal": page.nats(goal),
        "narrow": str(narrow),
        "wide": str(wide),
        "narrow_tokens": f"{tokens[narrow] or 0:,.0f}",
        "wide_tokens": f"{tokens[wide]:,.0f}" if tokens[wide] else f"< {page.budgets()[0]:,}",
        "cheapest": str(cheapest),
        **page.best_budgets(),
        "share": f"{1 - page.law().size_exponent:.2f}",
    }


# -- GPT-1 to GPT-3 -----------------------------------------------------------------------------------------------------------


def counted(layers: int, width: int, positions: int = GPT_POSITIONS, vocabulary: int = GPT_VOCABULARY) -> int:
    """Return the parameters of a GPT-2 or GPT-3 of this size."""
    return count(Size("decoder", layers, width, 1, 4 * width, vocabulary, positions, width))


def gpt() -> None:
    """The sizes of GPT-1 to GPT-3 with their parameters counted again, and what GPT-3 read."""
    rows = [["GPT-1", "12", "768", "117M", f"{count(Size('decoder_post_norm', 12, 768, 12, 3072, 40_478, 512, 768)) / 1e6:,.1f}M", "–"]]  # fmt: skip
    rows += [
        [f"GPT-2 {r['label_in_paper']}", r["layers"], r["d_model"], r["label_in_paper"], f"{counted(int(r['layers']), int(r['d_model']), int(r['context'])) / 1e6:,.1f}M", "–"]
        for r in fact_rows("gpt2_models")
    ]  # fmt: skip
    rows += [
        [r["model"], r["n_layers"], r["d_model"], f"{float(r['params_M_table_D1']):,.0f}M", f"{counted(int(r['n_layers']), int(r['d_model'])) / 1e6:,.1f}M", r["train_PF_days_table_D1"]]
        for r in fact_rows("gpt3_models")
    ]  # fmt: skip
    small_table([t(W, f"col_{name}") for name in ("model", "layers", "width", "printed", "counted", "pf_days")], rows)  # fmt: skip
    st.caption(t(W, "gpt_caption"))
    st.markdown(f"##### {t(W, 'build_title')}")
    row = st.columns([1, 1, 3], vertical_alignment="bottom")
    held(row[0]).number_input(t(W, "build_layers"), 1, 128, key="scaling_layers")
    held(row[1]).number_input(t(W, "build_width"), 16, 16_384, key="scaling_width")
    layers, width = st.session_state["scaling_layers"] or 1, st.session_state["scaling_width"] or 16
    blocks = 12 * layers * width**2
    row[2].markdown(told(W, "build_text", layers=layers, width=f"{width:,}", blocks=f"{blocks:,}", whole=f"{counted(layers, width):,}", tables=f"{(GPT_VOCABULARY + GPT_POSITIONS) * width:,}"))  # fmt: skip
    st.markdown(f"##### {t(W, 'data_title')}")
    data = [
        [r["dataset"], f"{r['tokens_billion']}", f"{r['weight_in_mix_pct']}%", f"{300 * float(r['weight_in_mix_pct']) / 100 / float(r['tokens_billion']):.2f}", r["epochs_at_300B_tokens"]]
        for r in fact_rows("gpt3_training_data")
    ]  # fmt: skip
    small_table(
        [t(W, f"col_{name}") for name in ("dataset", "billions", "weight", "rebuilt", "epochs")], data
    )
    st.markdown(t(W, "data_text"))


# -- what size did not buy -----------------------------------------------------------------------------------------------------


def limits() -> None:
    """GPT-3's limits as the course lists them, each to try."""
    which = held().segmented_control(t(W, "limit"), page.LIMITS, key="scaling_limit", required=True, format_func=lambda x: t(W, f"limit_{x}"))  # fmt: skip
    {"window": window, "physics": physics, "cost": cost, "jump": jump}[which]()


# Fifteen rows of numbers.
@shared
def _after(revision: str, name: str, counts: tuple[int, ...]) -> list[NameAfter]:
    from components.lm.gpt.limits import name_after

    return name_after(load_model(STORY_MODEL, "generation"), name, counts)


def window() -> None:
    """A name that is scrolled out of the window: what is outside does not exist for the model."""
    from components.lm import checkpoints
    from components.lm.gpt.limits import CURVE, ENDING, MOST_BETWEEN, OPENING

    st.markdown(t(W, "window_text"))
    row = st.columns([1.2, 3], vertical_alignment="bottom")
    held(row[0]).text_input(t(W, "window_name"), key="scaling_name", max_chars=40)
    held(row[1]).slider(t(W, "window_between"), 0, MOST_BETWEEN, key="scaling_between")
    name, between = " ".join((st.session_state["scaling_name"] or "").split()), st.session_state["scaling_between"]  # fmt: skip
    if not name:
        note_line(t(W, "window_empty"))
        return
    card = checkpoints.card(STORY_MODEL)
    say_if_foreign(card, name, offer=False)
    try:
        with working(t(W, "window_working")):
            here = _after(card.revision, name, (between,))[0]
            curve = _after(card.revision, name, CURVE)
    except ValueError:
        st.error(t(W, "window_nothing"))
        return
    size = card.max_positions or 512
    st.html(_window_bar(OPENING.format(name=name), ENDING, here, size))
    slots = {"name": name, "tokens": here.tokens, "cut": here.cut, "told": in_words(here.told), "untold": in_words(here.untold), "rank": f"{here.rank:,}", "size": size}  # fmt: skip
    key = "window_inside" if here.name_read else "window_outside"
    st.html(f'<p class="gb-aid">{html.escape(t(W, key, **slots))}</p>')
    figure = figures.distance_figure(
        [one.tokens for one in curve],
        [
            (t(W, "line_told"), [one.told for one in curve]),
            (t(W, "line_untold"), [one.untold for one in curve]),
        ],
        window=size,
        window_name=t(W, "window_end", size=size),
        here=here.tokens,
        x_title=t(W, "window_x"),
        y_title=t(W, "window_y"),
        dark=is_dark(),
        size=text_size(),
    )
    st.plotly_chart(figure, key="scaling_window", theme=None, config=QUIET_CHART)
    st.caption(
        told(W, "window_caption", model=STORY_MODEL, revision=card.revision.removeprefix("sha256:")[:10])
    )
    st.markdown(t(W, "window_found"))


def _window_bar(opening: str, ending: str, here: NameAfter, size: int) -> str:
    """Return the whole text as a bar with the part that the model reads, as HTML."""
    kept = min(size, here.tokens)
    gone, read = 100 * here.cut / here.tokens, 100 * kept / here.tokens
    middle = html.escape(t(W, "bar_between", n=here.sentences))
    before, after = html.escape(opening[: here.opening_cut]), html.escape(opening[here.opening_cut :])
    first = f"<s>{before}</s>{after}"
    bar = f"<span style='width:{gone:.1f}%;background:var(--gb-surface)'></span><span style='width:{read:.1f}%;background:var(--gb-seq-2);border:2px solid var(--gb-token)'></span>"
    label = html.escape(t(W, "bar_label", cut=here.cut, read=kept))
    return (
        f"<p style='margin:0;font-size:1rem;line-height:1.5'>{first} <i style='color:var(--gb-quiet)'>… {middle} …</i> {html.escape(ending)} <b>▢</b></p>"
        f"<div role='img' aria-label='{label}' style='display:flex;height:1.3rem;border:1px solid var(--gb-line);margin:.4rem 0 .2rem;box-sizing:border-box'>{bar}</div>"
        f"<p class='gb-caption'>{label}</p>"
    )


# A dozen numbers for each of two models.
@st.cache_data(max_entries=6, show_spinner=False)
def _physics(model: str, revision: str) -> list[float]:
    from components.lm.gpt.limits import physics_questions, prefers_right

    return prefers_right(load_model(model, "generation"), physics_questions())


def _guess(letter: str) -> None:
    """Callback: the reader guessed the open question."""
    given = _guesses()
    given[st.session_state["scaling_question"]] = letter
    links.put("scaling_guesses", "".join(given))
    links.moved()


def _guesses() -> list[str]:
    given = st.session_state["scaling_guesses"]
    return [x if x in "rw" else "." for x in f"{given:.<12}"[:12]]


def _next_question(count: int) -> None:
    links.put("scaling_question", (st.session_state["scaling_question"] + 1) % count)
    links.moved()


def physics() -> None:
    """Everyday physics: the reader says first which end the model prefers."""
    from components.lm import checkpoints
    from components.lm.gpt.limits import physics_questions

    questions = physics_questions()
    st.markdown(told(W, "physics_text", n=len(questions)))
    names = (SMALL_MODEL, STORY_MODEL)
    with working(t(W, "physics_working")):
        found = {name: _physics(name, checkpoints.card(name).revision) for name in names}
    i = st.session_state["scaling_question"]
    question, given = questions[i], _guesses()
    ends = [("r", question.right), ("w", question.wrong)]
    if i % 2:
        ends.reverse()
    st.markdown(f"**{i + 1} / {len(questions)}** · {question.stem} **▢**")
    row = st.columns([1, 1, 1.2, 3])
    for column, (letter, word) in zip(row, ends, strict=False):
        column.button(word, key=f"physics_{letter}", on_click=_guess, args=(letter,), disabled=given[i] != ".", width="stretch", icon=":material/check:" if given[i] == letter else None)  # fmt: skip
    row[2].button(t(W, "physics_next"), key="physics_next", on_click=_next_question, args=(len(questions),), icon=":material/arrow_forward:", width="stretch")  # fmt: skip
    if given[i] == ".":
        st.caption(told(W, "physics_ask", model=STORY_MODEL))
        return
    lines = []
    for name in names:
        p = found[name][i]
        shown = question.right if p > 0.5 else question.wrong
        sign = "✓" if p > 0.5 else "✗"
        lines.append([name, f"{sign} {shown}", f"{max(p, 1 - p):.0%}"])
    small_table([t(W, "col_model"), t(W, "col_prefers"), t(W, "col_share")], lines)
    done = [k for k, x in enumerate(given) if x != "."]
    mine = sum((given[k] == "r") == (found[STORY_MODEL][k] > 0.5) for k in done)
    st.markdown(told(W, "physics_tally", mine=mine, done=len(done), model=STORY_MODEL))
    if len(done) < len(questions):
        return
    from components.lm.fine_tuning.scores import wilson

    said = []
    for name in names:
        right = sum(p > 0.5 for p in found[name])
        low, high = wilson(right, len(questions))
        said.append(t(W, "physics_score", model=name, right=right, n=len(questions), low=f"{low:.0%}", high=f"{high:.0%}"))  # fmt: skip
    st.markdown("\n".join(f"- {line}" for line in [*said, t(W, "physics_found")]))


def _guess_years(years: str) -> None:
    """Callback: the reader guessed."""
    links.put("scaling_years", years)
    links.moved()


def cost() -> None:
    """What a training costs, from the smallest run of this page to GPT-3."""
    guess = st.session_state["scaling_years"]
    st.markdown(f"**{t(W, 'cost_guess')}**")
    for column, years in zip(st.columns([1, 1, 1, 1]), ("years", "centuries", "ages"), strict=False):
        column.button(t(W, f"cost_{years}"), key=f"cost_{years}", on_click=_guess_years, args=(years,), disabled=guess != "none", icon=":material/check:" if guess == years else None, width="stretch")  # fmt: skip
    if guess == "none":
        st.caption(t(W, "cost_ask"))
        return
    largest = max(page.runs(), key=lambda r: r.flops)
    rate = largest.flops / largest.cpu_seconds
    bars: list[tuple[str, float, float | None]] = []  # name, FLOPs, seconds where we measured them
    smallest = min(page.runs(), key=lambda r: r.flops)
    bars.append((t(W, "cost_small", width=smallest.width), smallest.flops, smallest.cpu_seconds))
    bars.append((t(W, "cost_large", width=largest.width), largest.flops, largest.cpu_seconds))
    bars += [(name, _bundled_flops(*size), 60.0 * minutes) for name, (size, minutes) in _BUNDLED.items()]
    bars.append((t(W, "cost_bert"), _BERT_LARGE_FLOPS, None))
    bars += [(r["model"], float(r["train_PF_days_table_D1"]) * PF_DAY, None) for r in fact_rows("gpt3_models") if r["model"] in _SHOWN_GPT3]  # fmt: skip
    st.html(_cost_bars(bars, rate))
    needed = bars[-1][1] / rate / (365.25 * 24 * 3600)
    right = "years" if needed < 1000 else "centuries" if needed < 30_000 else "ages"
    st.markdown(told(W, "cost_right" if guess == right else "cost_wrong", years=f"{needed:,.0f}", rate=f"{rate / 1e9:.1f}"))  # fmt: skip
    st.markdown(
        "\n".join(f"- {t(W, line)}" for line in ("cost_gpt3", "cost_bert_note", "cost_own", "cost_money"))
    )


def _cost_bars(bars: Sequence[tuple[str, float, float | None]], rate: float) -> str:
    """Return a bar for each training on a logarithmic axis of FLOPs, as HTML."""
    low, high = (math.log10(f(flops for _, flops, _ in bars)) for f in (min, max))
    lines = []
    for name, flops, seconds in bars:
        share = 4 + 96 * (math.log10(flops) - low) / (high - low)
        fill = "var(--gb-token)" if seconds is not None else "repeating-linear-gradient(135deg, var(--gb-key) 0 5px, var(--gb-background) 5px 8px)"  # fmt: skip
        said = f"{_said_flops(flops)} · {_duration(flops / rate if seconds is None else seconds)}"
        lines.append(
            f"<div style='margin:.35rem 0'><div style='display:flex;flex-wrap:wrap;gap:0 1rem;font-size:1rem'><b>{html.escape(name)}</b><span>{html.escape(said)}</span></div>"
            f"<div style='width:{share:.1f}%;height:.9rem;background:{fill};border:1px solid var(--gb-line);box-sizing:border-box'></div></div>"
        )
    return f"<div style='max-width:60rem'>{''.join(lines)}<p class='gb-caption'>{html.escape(t(W, 'cost_x'))}</p></div>"


_BUNDLED = {"nano-gpt": ((4, 96, 12_001_280), 10), "pocket-gpt": ((6, 192, 50_003_200), 150)}
"""(layers, width, tokens read in training) and minutes, as their cards say."""
_BERT_LARGE_FLOPS = 6 * 12 * 24 * 1024**2 * 1_000_000 * 256 * (0.9 * 128 + 0.1 * 512)
"""6 N D: 24 layers of width 1,024, a million steps of 256 sequences, 90% of 128 tokens and 10% of 512 (Devlin et al. 2019, A.2)."""
_SHOWN_GPT3 = ("GPT-3 Small", "GPT-3 XL", "GPT-3 13B", "GPT-3 175B (GPT-3)")


def _bundled_flops(layers: int, width: int, tokens: int) -> float:
    return float(72 * layers * width * width * tokens)


def _said_flops(flops: float) -> str:
    if flops > 0.001 * PF_DAY:
        days = flops / PF_DAY
        return f"{days:,.0f} PF-days" if days >= 100 else f"{days:.3g} PF-days"
    return f"{flops:.1e} FLOPs".replace("e+", "e")


def _duration(seconds: float) -> str:
    """Return the time that one core of this machine would need."""
    for unit, length in (("years", 365.25 * 86400), ("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            number = seconds / length
            return t(W, f"time_{unit}", n=f"{number:.1f}" if number < 10 else f"{number:,.0f}")
    return t(W, "time_seconds", n=f"{seconds:.1f}")


def jump() -> None:
    """The in-context model at several widths: does its skill come at once?"""
    found = load_jumps()
    lines = [
        (t(W, "jump_shown"), [run.new_shown for run in found], False),
        (t(W, "jump_known"), [run.known_unseen for run in found], False),
        (t(W, "jump_loss"), [run.loss for run in found], True),
    ]
    figure = figures.jump_figure([run.width for run in found], lines, x_title=t(W, "jump_x"), accuracy=t(W, "jump_accuracy"), loss=t(W, "jump_loss"), most_loss=4.0, dark=is_dark(), size=text_size())  # fmt: skip
    st.plotly_chart(figure, key="scaling_jump", theme=None, config=QUIET_CHART)
    st.caption(told(W, "jump_caption", tokens=f"{found[0].tokens:,}", seeds=len({run.seed for run in found})))
    st.markdown(told(W, "jump_text", **_jumps()))


def _jumps() -> dict[str, str]:
    """Return at which widths the skill is there, whether anything lies in the middle, and what the loss did."""
    found = load_jumps()
    widths = sorted({run.width for run in found})
    can = [run for run in found if run.new_shown > 0.5]
    cannot = [run for run in found if run.new_shown <= 0.5]
    never = max(w for w in widths if all(run in cannot for run in found if run.width == w))
    always = min(w for w in widths if all(run in can for run in found if run.width == w))
    between = [run for run in found if never < run.width < always]
    return {
        "never": str(never),
        "most": f"{max(run.new_shown for run in cannot):.0%}",
        "always": str(always),
        "least": f"{int(100 * min(run.new_shown for run in can if run.width >= always))}%",
        "between": ", ".join(f"{run.width}/{run.seed}: {run.new_shown:.0%}" for run in between) or "–",
        "middle": str(sum(0.2 < run.new_shown < 0.9 for run in found)),
        "count": str(len(found)),
        "loss_can": f"{page.nats(min(run.loss for run in can))}–{page.nats(max(run.loss for run in can))}",
        "loss_cannot": f"{page.nats(min(run.loss for run in cannot))}–{page.nats(max(run.loss for run in cannot))}",
    }


# -- the texts -----------------------------------------------------------------------------------------------------------------


def texts() -> None:
    """What every run wrote, from the highest loss to the lowest."""
    head = "".join(f"<th scope='col'>{html.escape(t(W, key))}</th>" for key in ("col_loss", "col_width", "col_tokens", "col_text"))  # fmt: skip
    rows: Sequence[str] = [
        f"<tr><td class='gb-mono'>{run.loss:.3f}</td><td class='gb-mono'>{run.width}</td><td class='gb-mono'>{run.tokens:,}</td><td lang='en'>{html.escape(run.texts.split(chr(9))[0])}</td></tr>"
        for run in sorted(page.first_seed(), key=lambda run: -run.loss)
    ]
    st.html(f"<table class='gb-table'><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>")
    st.caption(t(W, "texts_caption"))
