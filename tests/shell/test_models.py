"""Every reason for a refusal is a sentence, in both languages."""

import pytest

from components import words as i18n
from components.lm.checkpoints.model_card import REASON_PARAMETERS, ModelRefused, Reason
from components.shell.refusals import refusal, size

VALUES = {
    "capabilities": ("generation", "attention"),
    "allowed": ("bundled",),
    "files": ("a.bin",),
    "supported": ("bert",),
    "needs": "generation",
}


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words(reason: Reason, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "language", lambda: lang)
    parameters = {
        key: VALUES.get(key, 123_000_000 if "bytes" in key else "something")
        for key in REASON_PARAMETERS[reason]
    }
    sentence = refusal(ModelRefused(reason, **parameters))  # type: ignore[arg-type]
    assert "$" not in sentence
    assert len(sentence) > 20
    if lang == "ko":
        assert any("가" <= letter <= "힣" for letter in sentence)


@pytest.mark.parametrize(
    ("count", "said"),
    [(548e6, "548 MB"), (7_017_680, "7.0 MB"), (9216, "9.2 kB"), (12, "12 B"), (1.5e9, "1.5 GB")],
)
def test_sizes_as_a_person_says_them(count: float, said: str) -> None:
    assert size(count) == said


@pytest.mark.parametrize("reason", [Reason.INCOMPLETE, Reason.DAMAGED])
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_what_was_not_downloaded_is_not_downloaded_again(
    reason: Reason, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(i18n, "language", lambda: lang)
    there = refusal(ModelRefused(reason, **dict.fromkeys(REASON_PARAMETERS[reason], "local:mine")))
    assert "mine" in there
    assert not any(word in there for word in ("ownload", "내려받"))
