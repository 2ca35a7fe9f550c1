"""Fine-tuning nano-electra on tags while the reader looks on."""

from __future__ import annotations

from dataclasses import dataclass

from components.lessons import live
from components.lessons.live import Found, InTurns
from components.lm import checkpoints
from components.lm.bert.electra import FOLDER
from components.shell.layout import reading_aid
from components.words import t


@dataclass(frozen=True)
class Asked:
    """What is trained; one training for all readers."""

    revision: str
    examples: int = 50
    seed: int = 0


class Scores(Found):
    """F1 on sentences written by hand at each moment measured."""

    written: list[float]


class Tags(InTurns):
    """One fine-tuning of the discriminator, all weights, by the code of the chapter on fine-tuning, on generated sentences."""

    def __init__(self, asked: Asked) -> None:
        from components.lm.bert.electra import load_discriminator
        from components.lm.fine_tuning.encoder_tasks import examples
        from components.lm.fine_tuning.task_runs import TaskSetting, Tuning

        loaded = load_discriminator()
        rows = examples(loaded, "tag", "train", asked.examples, asked.seed)
        self._tuning = Tuning(loaded, TaskSetting("tag", len(rows), "full", True, asked.seed), rows)
        super().__init__(self._tuning)

    def result(self) -> Scores:
        """Return how far it is and its scores so far."""
        run, loop = self._tuning.run, self._tuning.loop
        written = [score[0] for score in run.written]
        return {"step": loop.step, "steps": loop.steps, "seconds": run.seconds, "written": written}


def _asked() -> Asked:
    return Asked(checkpoints.unlisted_card(FOLDER).revision)


def _draw(_: Asked, found: Scores) -> None:
    before, after = found["written"][0], found["written"][-1]
    reading_aid(t("electra", "train_result", before=f"{before:.2f}", after=f"{after:.2f}"))


def fine_tune_here() -> None:
    """Draw the line that trains, and what it came to."""
    live.stand("electra", _asked, Tags, _draw, key="el_tags")
