"""GPT writes, token by token: through app.py, from a link, in both languages."""

import json
from types import SimpleNamespace

import pytest

from components.lessons.gpt import generation
from components.lessons.gpt.generation import PARAMS
from components.lm import checkpoints
from tests.pages.conftest import Open, data_of, modules_after

PAGE = "gpt/generation"


def test_first_view_is_written_without_torch(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang)
    data = data_of(at, "writer")
    assert data["step"] == 0
    assert len(data["line"]) == 17
    assert data["details"]["steps"][0]["vocab_size"] == 8192


def test_first_view_equals_the_model(open_page: Open) -> None:
    """The file of the first view holds what the model computes now."""
    from_file = data_of(open_page(PAGE), "writer")
    # An open panel makes the page compute; steps that are not needed yet only as long as that takes no time.
    far = data_of(open_page(PAGE, inside="tokens", step="16"), "writer")
    assert [entry[:2] for entry in far["line"][:17]] == [entry[:2] for entry in from_file["line"]]
    computed = data_of(open_page(PAGE, inside="tokens"), "writer")
    for one, other in zip(from_file["details"]["steps"], computed["details"]["steps"], strict=False):
        assert one["ids"] == other["ids"]
        # Two runs of the same float32 model on different machines: sums may round differently.
        assert one["logits"] == pytest.approx(other["logits"], abs=1e-4)


def test_a_link_opens_its_state(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, prompt="Once upon a", strategy="greedy", step="5", picks="2.300")
    data = data_of(at, "writer")
    assert data["step"] == 5
    assert data["line"][1][1] == 300
    assert data["line"][1][4] == "hand"
    assert [entry[0] for entry in data["prompt"]] == ["Once", " upon", " a"]
    assert at.session_state["lang"] == lang


def test_a_broken_link_is_clamped_and_told(open_page: Open) -> None:
    at = open_page(PAGE, temperature="99", seed="x", step="3", surprise="1")
    assert at.session_state["temperature"] == 2.0
    assert at.session_state["seed"] == next(p.default for p in PARAMS if p.key == "seed")
    told = " ".join(block.proto.body for block in at.get("html"))
    for word in ("Temperature = 99", "Seed = x", "surprise"):
        assert word in told


@pytest.mark.parametrize(
    "prompt",
    ["", "안녕하세요", "👨‍👩‍👧‍👦", "שלום עולם", "<script>alert(1)</script>", "a" * 20_000, "\ud7a3" * 300],
)
def test_odd_beginnings(open_page: Open, prompt: str) -> None:
    at = open_page(PAGE, prompt=prompt, step="2")
    data = data_of(at, "writer")
    assert len(data["line"]) >= 2
    assert data["empty"] == (prompt == "")
    assert (data["dropped"] > 0) == (len(prompt) > 250)


def test_probabilities_shown_sum_to_one(open_page: Open) -> None:
    import math

    at = open_page(PAGE, prompt="The king", temperature="1.5", top_k="30", top_p="0.8", step="3")
    for step in data_of(at, "writer")["details"]["steps"]:
        model = sum(math.exp(x - step["log_z"]) for x in step["logits"]) + step["rest"][0]
        assert model == pytest.approx(1, abs=1e-5)  # logits travel with six decimals
        final = sum(
            math.exp(x / step["temperature"] - step["tempered_log_z"]) / step["kept_mass"]
            for x, cut in zip(step["logits"], step["cut"], strict=True)
            if cut is None
        )
        assert final + step["rest"][2] == pytest.approx(1, abs=1e-4)  # float32 quotients in the cut


def test_same_seed_same_text(open_page: Open) -> None:
    texts = [
        [e[1] for e in data_of(open_page(PAGE, prompt="The fox", seed="11", step=step), "writer")["line"][:6]]
        for step in ("6", "1", "6")
    ]
    assert texts[0] == texts[1] == texts[2]


def test_a_model_that_is_not_here_is_offered_and_the_bundled_one_shown(open_page: Open, lang: str) -> None:
    at = open_page(PAGE, lang=lang, model="gpt2")
    assert data_of(at, "writer")["line"]
    assert any("gpt2" in block.value for block in at.markdown)
    assert any(button.key == "describe-gpt2" for button in at.button)


def test_a_path_in_a_link_is_refused_in_words(open_page: Open) -> None:
    at = open_page(PAGE, model="../../etc/passwd")
    assert any("not a model name" in warning.value for warning in at.warning)
    assert data_of(at, "writer")["line"]


def test_one_step_sends_little(open_page: Open) -> None:
    at = open_page(PAGE, prompt="A princess", step="40")
    assert len(json.dumps(data_of(at, "writer"), ensure_ascii=False).encode()) < 30_000


def test_a_busy_machine_does_not_send_all_of_it_at_every_step(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be computed in time is sent where the known steps end, not as one step more at each."""
    from components.lm.gpt.writing import Writing

    whole = Writing.steps
    monkeypatch.setattr(Writing, "steps", lambda self, needed, **_: whole(self, needed, ahead=6, seconds=9))
    at = open_page(PAGE, prompt="A busy machine", step="17")
    first = data_of(at, "writer")
    assert len(first["line"]) < 17 + 16
    at.session_state["step"] = 18
    at.run()
    assert data_of(at, "writer") == first
    at.session_state["step"] = 21
    at.run()
    assert len(data_of(at, "writer")["line"]) > len(first["line"])


def test_first_view_imports_no_torch() -> None:
    """In a process of its own: this one has imported torch long ago."""
    assert modules_after("gpt/generation", "writer") == []


def test_a_new_line_is_drawn_in_the_logit_lens(open_page: Open, lang: str) -> None:
    """The token that was chosen is followed through all layers, whatever it is; white space gets its sign in the browser."""
    # The first token of this text is a new line, whatever the seed: it was picked.
    newline = _token_id("\n")
    at = open_page(PAGE, lang=lang, inside="lens", picks=f"1.{newline}")
    found = data_of(at, "writer_inside")["found"]
    assert found["chosen"] == newline
    assert found["lens"][-1]["own"] > 0
    assert len(found["lens"]) == 1 + checkpoints.card("pocket-gpt").num_layers


def _token_id(text: str) -> int:
    (token_id,) = checkpoints.load("pocket-gpt", "generation").tokenizer.encode(text)
    return int(token_id)


def test_a_tie_in_a_link_is_no_choice_of_the_reader(open_page: Open) -> None:
    """Rounding decided where the link was made: its token is taken, and marked as what it is; a pick goes before it."""
    at = open_page(PAGE, prompt="Once upon a", strategy="greedy", step="5", ties="2.300.3.301", picks="3.302")
    data = data_of(at, "writer")
    assert [entry[1] for entry in data["line"][1:3]] == [300, 302]
    assert [entry[4] for entry in data["line"][:4]] == ["greedy", "tie", "hand", "greedy"]
    assert data["state"]["ties"] == [2, 300, 3, 301]


def test_the_server_computes_nothing_where_the_browser_does(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(PAGE)
    monkeypatch.setattr("components.lessons.gpt.generation.load_model", None)
    at.session_state["_gpt_browser"] = "pocket-gpt"
    at.session_state["prompt"] = "A text that nobody has computed"
    at.run()
    assert not at.exception
    assert not at.error
    data = data_of(at, "writer")
    assert data["local"]
    assert "line" not in data
    at.session_state["_gpt_browser"] = "nano-gpt"  # of another model the browser knows nothing
    at.session_state["prompt"] = at.session_state["prompt"] + " yet"
    at.run()
    assert at.exception or at.error


def test_who_asks_for_more_steps_keeps_the_one_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser has stepped on and not told of it yet; the run that computes more steps writes the address."""
    for told, kept in (({"until": 12, "step": 3}, 3), ({"until": 12}, 1), (12, 1)):
        page = SimpleNamespace(session_state={"step": 1, "writer": {"want": told}})
        monkeypatch.setattr(generation, "st", page)
        generation.wanted_more()
        assert page.session_state["step"] == kept
