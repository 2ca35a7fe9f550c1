"""What stands around the board: the list of a class, a training on the presses, every run, and InstructGPT's three steps."""

from __future__ import annotations

import html
import secrets

import streamlit as st

from components.elements.alignment.dpo_board import DpoLine, DpoView, dpo_board
from components.lessons import live
from components.lessons.alignment import preferences as page
from components.lessons.alignment.instruct_gpt import three_steps
from components.lessons.alignment.preferences_live import LEAST, Asked, Learning, Result
from components.lessons.alignment.vote_lists import HOURS, MOST_PRESSES, Outcome, lists
from components.lm import checkpoints
from components.lm.alignment import dpo
from components.lm.alignment import preferences as lm
from components.shell import links
from components.shell.held import held
from components.shell.layout import (
    as_csv,
    caption,
    lesson_link,
    note_line,
    open_panel,
    reading_aid,
    small_table,
)
from components.shell.notebook import Notebook, opening
from components.words import labels, literal, t, told

W = page.WORDS
OWNER = "_preferences_owner"


# -- a list of a class ---------------------------------------------------------------------------------------------------


def _owner() -> str:
    """Return as whom this session owns the open list: as its browser, or as itself; nothing if it does not."""
    for mine in (page.who(), str(st.session_state.get(OWNER, ""))):
        if mine and lists().is_owner(page.list_name(), mine):
            return mine
    return ""


def _make() -> None:
    owner = page.who() or st.session_state.setdefault(OWNER, secrets.token_urlsafe(16))
    name = lists().make(owner)
    st.session_state["_preferences_full"] = name is None
    if name is not None:
        links.put("pref_list", name)


def _close() -> None:
    lists().close(page.list_name(), _owner())
    links.put("pref_step", page.PAIRS)


def _empty() -> None:
    lists().empty(page.list_name(), _owner())
    links.put("pref_step", 0)
    links.moved()


def together(outcome: Outcome | None) -> None:
    """Draw where a list is made, counted, closed, emptied and taken home, and say what became of the last press."""
    name = page.list_name()
    if not lists().exists(name):
        st.markdown(told(W, "list_text", hours=HOURS, most=f"{MOST_PRESSES:,}"))
        if name:
            note_line(t(W, "list_ended", hours=HOURS))
        if st.session_state.pop("_preferences_full", False):
            note_line(t(W, "list_no_room"))
        st.button(t(W, "list_make"), key="pref_make", on_click=_make, icon=":material/group_add:", type="primary")  # fmt: skip
        return
    owner, closed, state = _owner(), lists().is_closed(name), lists().state(name)
    if outcome in ("full", "closed", "ended"):
        note_line(t(W, f"list_{outcome}", most=f"{MOST_PRESSES:,}", hours=HOURS))

    def counted() -> None:
        if lists().state(name) != state:
            links.put("pref_step", page.PAIRS if lists().is_closed(name) else 0)
            links.run_again()
        browsers, presses = lists().count(name)
        word = "list_count_closed" if closed else "list_count"
        st.html(f'<p class="gb-aid">{html.escape(t(W, word, browsers=browsers, presses=presses))}</p>')

    st.fragment(counted, run_every=None if owner and closed else lists().seconds(name))()
    if not owner:
        return
    st.caption(t(W, "list_yours"))
    with st.container(horizontal=True):
        if not closed:
            st.button(t(W, "list_close"), key="pref_close", on_click=_close, icon=":material/visibility:")
        st.button(t(W, "list_empty"), key="pref_empty", on_click=_empty, icon=":material/delete_sweep:")
        st.download_button(
            t(W, "list_export"),
            lambda: as_csv(lists().rows(name, owner), {"model": page.recorded()["model"]}),
            "preferences-list.csv",
            "text/csv",
            key="pref_export",
            on_click="ignore",
            icon=":material/download:",
        )


# -- the recorded training -----------------------------------------------------------------------------------------------


def trained() -> DpoView:
    """Draw what DPO made of the recorded presses; return the moment in sight."""
    st.markdown(f"#### {t(W, 'dpo_title')}")
    held().toggle(t(W, "term"), key="pref_term", help=t(W, "term_help"))
    term = bool(st.session_state["pref_term"])
    some = page.runs(term)
    now = dpo_board(
        some[0]["steps"],
        page.lines(some),
        page.stories(some[0]["texts"], marked=True),
        page.dpo_view(),
        last=some[0]["steps"][-1],
        caption=page.dpo_caption(),
        words=labels("dpo_board"),
        identity=f"recorded-{term}",
        rev=links.revision(),
        key=page.DPO_BOARD,
    )
    links.put("pref_moment", now.moment)
    caption(page.dpo_caption())
    reading_aid(page.dpo_aid(now))
    return now


def look_further() -> None:
    """What the reader chose below the boards."""
    open_panel(W, {"train": train, "runs": every_run, "steps": three_steps}, key="pref_look")


# -- a training of one's own ---------------------------------------------------------------------------------------------


def asked() -> Asked:
    """Return what the link asks to train."""
    s = st.session_state
    model = str(page.recorded()["model"])
    setting = dpo.DpoSetting(dpo.SUPERVISED if s["pref_term"] else 0.0, links.number("pref_seed"))
    return Asked(model, checkpoints.card(model).revision, page.clicks(), setting)


def train() -> None:
    """Train on the presses in force."""
    decided = lm.better(page.clicks(), page.PAIRS)
    model = str(page.recorded()["model"])
    st.markdown(told(W, "train_text", model=model, n=len(decided)))
    if checkpoints.card(model).revision != page.recorded()["revision"]:
        note_line(t(W, "train_other_weights"))
        return
    if len(decided) < LEAST:
        note_line(t(W, "train_ties" if page.asked_of(page.clicks()) else "train_no_presses", least=LEAST, n=len(decided)))  # fmt: skip
        return
    row = st.columns([1, 7], vertical_alignment="bottom")
    held(row[0]).number_input(t(W, "seed"), 0, 99, key="pref_seed")
    live.stand(W, asked, Learning, _learned, key="pref_train")
    kept = {key: str(st.session_state[key] or "") for key in ("pref_from", "pref_clicks", "pref_list")}
    told_here = {key: value for key, value in kept.items() if value}
    lesson_link("alignment/reward", W, "to_reward", {"reward_look": "train", "reward_live_kind": "clicks", **told_here})  # fmt: skip


def _learned(wanted: Asked, found: Result) -> None:
    run = found["run"]
    done = min(len(run["steps"]), len(found["texts"]), len(found["judge"]))
    if not done:
        st.caption(t(W, "live_begins"))
        return
    curves: list[DpoLine] = [
        {
            "name": t(W, f"line_{name}"),
            "sign": sign,
            "values": [[step, x, x, x] for step, x in zip(run["steps"][:done], run[name], strict=False)],
        }
        for sign, name in enumerate(("chosen", "rejected"))
    ]
    said = t(
        W,
        "live_aid",
        n=run["pairs"],
        before=page.signed(found["judge"][0], 2),
        after=page.signed(found["judge"][-1], 2),
        chosen=page.signed(run["chosen"][done - 1]),
        rejected=page.signed(run["rejected"][done - 1]),
    )
    dpo_board(
        run["steps"][:done],
        curves,
        page.stories(found["texts"][:done], marked=False),
        DpoView(done - 1),
        last=found["steps"],
        caption=f"{wanted.model}, {t(W, 'seed')} {wanted.setting.seed} · {said}",
        words=labels("dpo_board"),
        identity=f"live-{done}",
        rev=0,
        key="dpo_live",
    )
    reading_aid(html.escape(said))
    live.take_home(W, found["difference"], f"{wanted.model}-dpo", key="pref_difference")


# -- every run, and the map of the chapter -------------------------------------------------------------------------------


def every_run() -> None:
    """Each recorded run at its end."""
    rows = [
        [
            t(W, "term_on" if run["setting"]["supervised"] else "term_off"),
            str(run["setting"]["seed"]),
            *(page.signed(run[name][-1]) for name in ("chosen", "rejected", "held_chosen", "held_rejected")),
            f"{page.signed(page.mean_of([run], 'rule', 0)[0], 2)} → {page.signed(page.mean_of([run], 'rule', -1)[0], 2)}",
            f"{page.signed(page.mean_of([run], 'judge', 0)[0], 2)} → {page.signed(page.mean_of([run], 'judge', -1)[0], 2)}",
            f"{run['seconds']:.1f}",
        ]
        for run in page.recorded()["runs"]
    ]
    heads = ("term", "seed", "chosen", "rejected", "held_chosen", "held_rejected", "rule", "judge", "seconds")
    small_table([t(W, f"col_{name}") for name in heads], rows)
    st.markdown(t(W, "runs_text"))


def lines_of_code() -> Notebook:
    """The log-probabilities of the first pair's stories under the untouched model, in plain ``transformers``."""
    kept = page.recorded()
    start, *_ = kept["pairs"][0]
    code = f"""{opening(checkpoints.card(kept["model"]), "AutoModelForCausalLM")}
begin = tokenizer(tokenizer.bos_token + {lm.BEGINNINGS[start]!r}, add_special_tokens=False).input_ids
for story in {kept["ids"][0]!r}:
    with torch.inference_mode():
        logprobs = model(torch.tensor([begin + story])).logits[0].log_softmax(-1)
    own = logprobs[len(begin) - 1 : -1].gather(1, torch.tensor(story)[:, None])
    print(f"{{own.sum():.2f}}")
"""
    return Notebook(code, tuple(f"{value:.2f}" for value in kept["before"][0]))


def said_before() -> str:
    """What the untouched model says of the first pair; the notebook prints it."""
    one, other = page.recorded()["before"][0]
    return literal(t(W, "before_text", one=f"{one:.2f}", other=f"{other:.2f}"))
