"""What stands below the board of "How much does the wording decide?": a prompt of one's own, the table, and what was published."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from components.elements.gpt.claim_check import Claim, ClaimView, claim_check, pressed
from components.elements.gpt.first_past import GuessView, PastRow, first_past, guessed
from components.lessons import live
from components.lessons.gpt import prompting as page
from components.lessons.gpt.prompting_live import Answered, Asked, Wanted
from components.lessons.known_language import say_if_foreign
from components.lm.checkpoints.model_card import ModelCard
from components.lm.gpt.prompting import BadPrompt, share
from components.shell import links
from components.shell.held import held
from components.shell.layout import panel_choice, small_table
from components.words import labels, t, told

W = page.W
FACTS = Path(__file__).parents[3] / "assets" / "facts"
SIZES = ("117M", "345M", "762M", "1542M")
SHOTS = ("zero", "one", "few")
BEST_BY = {
    "previous best": "by_best",
    "previous best zero-shot (GPT-2)": "by_gpt2",
    "fine-tuned BERT-Large": "by_bert",
}
"""Names of the table that are words rather than names."""
OTHER_TASKS = (
    "reading",
    "commonsense",
    "summarization",
    "translation_en_fr",
    "translation_fr_en",
    "question",
)
"""The rows of ``gpt2_other_tasks.csv`` that are tasks, in its order."""
CLAIMS = 7
CLASHES = (1, 2, 3, 6)
"""Which of the unicorn's claims cannot be true together with what was said before."""


def look_further(card: ModelCard, found: Sequence[page.Line]) -> None:
    """Draw what the reader chose below the board."""
    look = panel_choice(W, page.LOOKS, key="pr_look")
    if look == "nothing":
        return
    st.markdown(f"#### {t(W, f'{look}_title')}")
    if look == "own":
        own(card)
    elif look == "table":
        table(found)
    elif look == "gpt2":
        gpt2()
    elif look == "gpt3":
        gpt3()
    elif look == "webtext":
        webtext()
    else:
        unicorn()


# -- asking --------------------------------------------------------------------------------------------------------------


def ask_all(card: ModelCard, found: Sequence[page.Line]) -> None:
    """Offer to ask the study's prompts of a model that has not been asked them; nothing where all is known."""
    if all(line.scores is not None for line in found if not line.own):
        return
    st.markdown(told(W, "all_text", model=card.name, n=len(page.chosen().prompts)))
    wanted = page.wanted(card)
    live.stand(W, lambda: wanted, Asked, _so_far, key="pr_all")


def own(card: ModelCard) -> None:
    """A prompt of the reader's own over the same 60 questions."""
    places = ", ".join(f"{{{name}}}" for name, _ in page.chosen().questions[0].slots)
    st.markdown(told(W, "own_text", places=places, n=len(page.chosen().questions)))
    row = st.columns([4, 1.4], vertical_alignment="top")
    held(row[0]).text_area(t(W, "own"), key="pr_own", height=80, max_chars=page.MOST_PROMPT, help=t(W, "own_help"), on_change=links.moved)  # fmt: skip
    if page.needs_labels():
        held(row[1]).text_input(t(W, "labels"), key="pr_labels", help=t(W, "labels_help"), on_change=links.moved)  # fmt: skip
    say_if_foreign(card, st.session_state["pr_own"] or "", st.session_state["pr_labels"] or "")
    try:
        wanted = page.own_wanted(card)
    except BadPrompt as error:
        st.error(told(W, f"bad_{error.code}", **error.slots))
    else:
        live.stand(W, lambda: wanted, Asked, _so_far, key="pr_own_run")
    if page.mine(card):
        st.button(t(W, "forget"), key="pr_forget", on_click=page.forget_mine)


def _so_far(wanted: Wanted, found: Answered) -> None:
    """Let a prompt that is asked to the end join the picture at once; say why one cannot be asked."""
    if found["refused"] is not None:
        st.error(told(W, f"bad_{found['refused']}", **found["slots"]))
    now = (wanted, len(found["rows"]))
    before = st.session_state.get("_pr_joined")
    st.session_state["_pr_joined"] = now
    if before is not None and before[0] == wanted and before[1] < now[1]:
        links.run_again()


def table(found: Sequence[page.Line]) -> None:
    """Every prompt of this study in words, at every threshold."""
    total = len(page.chosen().questions)

    def cell(line: page.Line, way: str) -> str:
        if line.scores is None:
            return "–"
        right = line.right(way)  # type: ignore[arg-type]
        part, low, high = share(right, total)
        return f"{right}/{total} · {part:.0%} ({low:.0%}–{high:.0%})"

    st.dataframe(
        [
            {
                t(W, "col_prompt"): line.prompt.template.replace("\n", " ↵ "),
                t(W, "col_labels"): " / ".join(line.prompt.labels or ()) or "–",
                **{t(W, f"way_{way}", n=len(page.chosen().spare)): cell(line, way) for way in page.ways()},
                t(W, "col_mass"): "–" if line.scores is None else f"{line.scores.mass:.2g}",
                t(W, "col_own"): t(W, "yes") if line.own else "",
            }
            for line in found
        ],
        hide_index=True,
    )
    st.markdown(t(W, "table_text"))


# -- published scores ----------------------------------------------------------------------------------------------------


def _rows(name: str) -> list[dict[str, str]]:
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _past(
    name: str,
    metric: str,
    lower: bool,
    points: Sequence[str],
    found: Mapping[str, float],
    best: float,
    by: str,
) -> PastRow:
    """Return one task of the guessing game from its scores; a score equal to the best before does not pass it."""
    values = [found.get(point) for point in points]
    passes = [None if value is None else value < best if lower else value > best for value in values]
    numbers = ", ".join(
        f"{point} {value:g}" for point, value in zip(points, values, strict=True) if value is not None
    )
    first = next((point for point, yes in zip(points, passes, strict=True) if yes), None)
    said = t(W, "past_first", point=first, numbers=numbers, best=f"{best:g}", by=by) if first else t(W, "past_never", numbers=numbers, best=f"{best:g}", by=by)  # fmt: skip
    return {
        "name": name,
        "metric": metric,
        "lower": lower,
        "values": values,
        "passes": passes,
        "best": best,
        "by": by,
        "said": said,
        "numbers": f"{numbers} | {best:g}",
    }


@cache
def gpt2_scores() -> tuple[tuple[str, str, bool, tuple[tuple[str, float], ...], float], ...]:
    """GPT-2's zero-shot table: (data set, metric, lower is better, (size, score), best before)."""
    rows = _rows("gpt2_zero_shot")
    found = []
    for task, metric in dict.fromkeys((row["dataset"], row["metric"]) for row in rows):
        some = [row for row in rows if (row["dataset"], row["metric"]) == (task, metric)]
        scores = tuple((row["model"], float(row["value"])) for row in some if row["model"] != "SOTA")
        best = next(float(row["value"]) for row in some if row["model"] == "SOTA")
        found.append((task, metric, some[0]["direction"].startswith("lower"), scores, best))
    return tuple(found)


@cache
def gpt3_scores() -> tuple[tuple[str, str, bool, tuple[tuple[str, float], ...], float, str], ...]:
    """GPT-3's tables: (task, metric, lower is better, (shots, score), best before, whose).

    Tables 3.1 to 3.3 stand against the best of others; the parts of SuperGLUE (3.8) against a fine-tuned BERT-Large, with
    few-shot scores only. Table 3.10 names no other system and is left out.
    """
    rows = [row for row in _rows("gpt3_results") if row["paper_table"] != "3.10"]
    found = []
    for task, metric in dict.fromkeys((row["task"], row["metric"]) for row in rows):
        some = [row for row in rows if (row["task"], row["metric"]) == (task, metric)]
        if metric.startswith("F1"):
            continue
        scores = tuple(
            (shot, float(row["value"]))
            for shot in SHOTS
            for row in some
            if row["setting"].startswith(f"GPT-3 {shot}-shot")
        )
        others = [
            row
            for row in some
            if row["setting"] == "fine-tuned BERT-Large"
            or (row["paper_table"] != "3.8" and not row["setting"].startswith("GPT-3"))
        ]
        lower = some[0]["better"] == "lower"
        best = (min if lower else max)(others, key=lambda row: float(row["value"]))
        found.append((task, metric, lower, scores, float(best["value"]), best["setting"]))
    return tuple(found)


def _never(rows: Sequence[PastRow]) -> dict[str, object]:
    """Return which rows nothing passes, in words."""
    never = [row["name"] for row in rows if True not in row["passes"]]
    return {"all": len(rows), "never_count": len(never), "never": ", ".join(never)}


def _metric(metric: str) -> str:
    return t(W, f"metric_{metric.lower()}")


def _guesses(key: str, count: int) -> GuessView:
    given = list(st.session_state[key])[:count]
    return GuessView(tuple(given))


def _all_guessed(key: str, count: int) -> bool:
    """Whether the answers are seen already, so that a line about them gives nothing away."""
    given = _guesses(key, count).guesses
    return len(given) == count and all(given)


def _game(key: str, rows: Sequence[PastRow], points: Sequence[str], picture: str, source: str) -> None:
    def took() -> None:
        state = st.session_state.get(f"past_{key}")
        now = guessed(state.get("view") if state else None, _guesses(key, len(rows)), links.revision(), options=len(points) + 1)  # fmt: skip
        links.put(key, tuple(now.guesses[: len(rows)]))

    first_past(
        {
            "id": key,
            "rows": rows,
            "points": list(points),
            "picture": picture,
            "source": source,
            "words": labels("first_past"),
        },
        _guesses(key, len(rows)),
        rev=links.revision(),
        key=f"past_{key}",
        on_view=took,
    )


def gpt2() -> None:
    """Ten data sets, four sizes: where does size pass what was best before?"""
    st.markdown(t(W, "gpt2_text"))
    rows = [
        _past(task, _metric(metric), lower, SIZES, dict(scores), best, t(W, "by_best"))
        for task, metric, lower, scores, best in gpt2_scores()
    ]
    _game("pr_gpt2", rows, SIZES, "gpt2-zero-shot", t(W, "gpt2_source"))
    st.caption(t(W, "gpt2_source"))
    if _all_guessed("pr_gpt2", len(rows)):
        first = sum(row["passes"][0] is True for row in rows)
        st.markdown(told(W, "gpt2_lesson", first=first, **_never(rows)))
    tasks = [row for row in _rows("gpt2_other_tasks") if row["gpt2_value"] and row["metric"]][
        : len(OTHER_TASKS)
    ]
    small_table(
        [t(W, f"other_{name}") for name in ("task", "data", "cue", "metric", "gpt2", "reference")],
        [
            [
                t(W, f"task_{name}"),
                row["dataset"],
                t(W, f"cue_{name}"),
                _metric(row["metric"].split()[0]),
                row["gpt2_value"],
                t(
                    W,
                    f"reference_{name}",
                    value=row["reference_value"].replace("about ", "≈ ").replace(" to ", "–"),
                ),
            ]
            for name, row in zip(OTHER_TASKS, tasks, strict=True)
        ],
    )
    st.markdown(t(W, "gpt2_cues"))


def gpt3() -> None:
    """GPT-3: how many demonstrations pass what was best before, and where none do."""
    st.markdown(t(W, "gpt3_text"))
    points = [t(W, f"shot_{shot}") for shot in SHOTS]
    rows = [
        _past(
            task,
            _metric(metric),
            lower,
            points,
            {t(W, f"shot_{shot}"): value for shot, value in scores},
            best,
            t(W, BEST_BY[by]) if by in BEST_BY else by,
        )
        for task, metric, lower, scores, best, by in gpt3_scores()
    ]
    _game("pr_gpt3", rows, points, "gpt3-shots", t(W, "gpt3_source"))
    st.caption(t(W, "gpt3_source"))
    if _all_guessed("pr_gpt3", len(rows)):
        st.markdown(told(W, "gpt3_lesson", **_never(rows)))


# -- WebText, and the unicorns -------------------------------------------------------------------------------------------


def webtext() -> None:
    """What WebText was made of: its sieves with their numbers, and the French that slipped through."""
    small_table(
        [t(W, "sieve"), t(W, "sieve_what"), t(W, "sieve_left")],
        [[t(W, f"sieve_{n}"), t(W, f"sieve_{n}_what"), t(W, f"sieve_{n}_left")] for n in range(1, 5)],
    )
    st.markdown(t(W, "webtext_text"))
    st.markdown(t(W, "french_text"))


def unicorn() -> None:
    """GPT-2's published sample in our words: which claims cannot be true together?"""
    st.markdown(t(W, "unicorn_text"))
    claims: list[Claim] = [
        {"text": t(W, f"claim_{n}"), "clash": n in CLASHES, "why": t(W, f"claim_{n}_why")}
        for n in range(CLAIMS)
    ]

    def now() -> ClaimView:
        return ClaimView(tuple(n for n in st.session_state["pr_unicorn"] if n < CLAIMS))

    def took() -> None:
        state = st.session_state.get("claim_check")
        links.put("pr_unicorn", pressed(state.get("view") if state else None, now(), links.revision(), claims=CLAIMS).opened)  # fmt: skip

    claim_check(
        claims, now(), words=labels("claim_check"), rev=links.revision(), key="claim_check", on_view=took
    )
    st.caption(t(W, "unicorn_source"))


def how() -> str:
    """How it is made, with the numbers of what was recorded; Markdown."""
    low, high = page.spread("median")
    return told(W, "how_text", low=page.percent(low / 60), high=page.percent(high / 60))
