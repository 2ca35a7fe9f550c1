"""Alignment: a class that presses into one list, trainings on request and their stop, and how soon a page stands."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import expect, sync_playwright

from components.lm import checkpoints
from tests.bench import sessions
from tests.bench.bench_app import ROOT, Row, _server, _warm, ours
from tests.bench.bench_fine_tuning import chapter
from tests.bench.rows import Failed, show
from tests.browser.find_chromium import find_chromium

CLASS = 30
PRESSES = 10
"""Of each reader, and as many again that take the opposite."""
BOARD = "preference_board"
PAGE = "alignment-preferences"
PICTURES = {
    "bert-masking": ".gb-mask_lab",
    "alignment-preferences": ".gb-preference_board .card",
    "alignment-reward": ".gb-reward_plane svg.plane .band",
}


def _counted(text: str) -> tuple[int, int]:
    """Return browsers and presses as the page says them."""
    browsers, presses = re.findall(r"\d+", text)
    return int(browsers), int(presses)


def _class() -> list[Row]:
    """Thirty readers press at once into one list, round after round, and then all press the opposite."""
    with _server(ours, ROOT) as (port, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        _warm(port)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/{PAGE}?lang=en&pref_from=together&pref_look=nothing")
        page.get_by_role("button", name="Make a list").click(timeout=120_000)
        page.wait_for_url("**pref_list=**", timeout=120_000)
        query = page.url.split("?", 1)[1]

        async def press(session: sessions.Session, who: int, number: int) -> float:
            board: dict[str, Any] = session.data[session.name_of(BOARD)]
            count, value = (number, "1") if number <= PRESSES else (PRESSES, "2")
            clicks = value * count
            view = {"step": count, "clicks": clicks, "who": f"{who:022d}", "id": board["id"], "rev": board["rev"]}  # fmt: skip
            return await session.set(BOARD, {"view": view})

        began = time.perf_counter()
        median, errors = sessions.together(port, PAGE, query, CLASS, PRESSES + 2, press)
        took = time.perf_counter() - began
        said = page.get_by_text(re.compile("So far: browsers"))
        expect(said).to_contain_text(f"browsers {CLASS}", timeout=60_000)
        page.wait_for_timeout(3000)  # two rounds of counting
        browsers, presses = _counted(said.inner_text())
        browser.close()
    return [
        (f"{CLASS} readers press {PRESSES} pairs into one list: presses lost", CLASS * PRESSES - presses, 0, ""),
        ("the same, readers lost", CLASS - browsers, 0, ""),
        ("the same, errors on pages", len(errors), 0, ""),
        ("the same, a press is answered after (median)", median, 3, "s"),
        ("the same, everything with opening the pages", took, 120, "s"),
    ]  # fmt: skip


def _live() -> list[Row]:
    """Forty presses by DPO, when a model that is paid is first paid visibly more, and how soon a training stops."""
    from components.lessons.alignment import preferences, preferences_live, reward_live
    from components.lessons.live import Trainings
    from components.lm.alignment import dpo
    from components.lm.alignment.reinforce import RewardSetting

    kept = preferences.recorded()
    revision = checkpoints.card(kept["model"]).revision

    def asked(seed: int) -> preferences_live.Asked:
        return preferences_live.Asked(
            kept["model"], revision, kept["clicks"], dpo.DpoSetting(dpo.SUPERVISED, seed)
        )

    learning = preferences_live.Learning(asked(0))
    while learning.fraction < 1:
        learning.step()
    rows: list[Row] = [
        ("DPO from forty presses, pocket-gpt: CPU seconds", learning.trained.run.seconds, 7, "s")
    ]
    for name, steps, most in (("nano-gpt", 24, 3.0), ("pocket-gpt", 12, 6.0)):
        setting = RewardSetting("happy", 0.0, 0, "", steps)
        paid = reward_live.Paid(reward_live.Asked(name, checkpoints.card(name).revision, setting))
        run = paid.result()["run"]
        while paid.fraction < 1:
            paid.step()
            run = paid.result()["run"]
            if run and run["steps"] and run["reward"][-1] > run["reward"][0] + run["reward_error"][0]:
                break
        trained = float(run["seconds"])
        rows += [
            (f"{name} is paid visibly more (a standard error): CPU seconds of training", trained, most, "s"),
            ("the same, with measuring", paid.seconds, most, "s"),
        ]

    trainings, wanted = Trainings(), asked(1)
    training = trainings.start(wanted, lambda: preferences_live.Learning(wanted), "reader")
    assert training.work is not None
    while training.result is None and not training.work.wait(0.01):
        pass
    began = time.perf_counter()
    trainings.stop(wanted, "reader")
    training.work.wait(10)
    return [*rows, ("a DPO training stops after", time.perf_counter() - began, 0.5, "s")]


def _votes() -> list[Row]:
    """What a press costs in the list itself, beside the page that is drawn for it."""
    from components.lessons.alignment.vote_lists import VoteLists

    lists, found = VoteLists(), []
    name = lists.make("w" * 22)
    assert name is not None
    for who in range(CLASS):
        for pair in range(60):
            began = time.perf_counter()
            lists.vote(name, f"{who:022d}", pair, "1")
            lists.count(name)
            found.append(time.perf_counter() - began)
    return [("a press in the list itself, 1,800 in it", statistics.median(found[-60:]) * 1e3, 1, "ms")]


def measure() -> Iterator[Row | Failed]:
    """Rows of (name, value, target, unit)."""
    return chapter((_votes, _class, _live), PICTURES, "alignment", 4)


if __name__ == "__main__":
    show(measure())
