"""Both languages have the same files, tables, keys and slots; every page is registered in both."""

import ast
import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from components import words
from components.lm.checkpoints.model_card import LOCAL_PREFIX
from components.words import literal, told

TEXT = Path(__file__).parents[1] / "assets" / "text"
ROOT = TEXT.parents[1]
FILES = sorted(path.relative_to(TEXT / "en").as_posix() for path in (TEXT / "en").rglob("*.*"))


def test_same_files() -> None:
    korean = sorted(path.relative_to(TEXT / "ko").as_posix() for path in (TEXT / "ko").rglob("*.*"))
    assert [name for name in korean if name != "terms.md"] == FILES


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".toml")])
def test_same_keys_and_slots(name: str) -> None:
    en, ko = (tomllib.loads((TEXT / lang / name).read_text(encoding="utf-8")) for lang in ("en", "ko"))
    assert {t: set(v) for t, v in en.items()} == {t: set(v) for t, v in ko.items()}
    for table, entries in en.items():
        for key, text in entries.items():
            slots = [set(re.findall(r"\$(\w+)", words[table][key], re.ASCII)) for words in (en, ko)]
            assert slots[0] == slots[1], (table, key, slots)
            assert text.strip(), (table, key)
            assert ko[table][key].strip(), (table, key)


def test_no_particle_hangs_on_a_slot() -> None:
    """은/는, 이/가, 을/를 depend on the sound before them, which a slot does not tell."""
    for path in (TEXT / "ko").rglob("*.toml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not re.search(r"\$\{?[a-z_]+\}?(은|는|이|가|을|를|과|와|으로|로)(?=[\s.,!?\"]|$)", line), (
                path.name,
                line,
            )


def test_every_page_has_title_question_and_plain_idea() -> None:
    pages = {f"{path.parent.name}/{path.stem}" for path in (ROOT / "pages").glob("*/*.py")}
    words = {}
    for path in (TEXT / "en").rglob("*.toml"):
        words |= tomllib.loads(path.read_text(encoding="utf-8"))
    for page in pages:
        wanted = {"title", "question"} if page == "start/home" else {"title", "question", "idea"}
        assert wanted <= set(words.get(page, {})), page
        assert len(words[page].get("idea", "")) <= 120, page  # one line on a laptop


def test_a_label_is_defined_once() -> None:
    seen: dict[tuple[str, str], str] = {}
    for path in (TEXT / "en").rglob("*.toml"):
        for table, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for key in entries:
                assert (table, key) not in seen, (table, key, path.name, seen.get((table, key)))
                seen[table, key] = path.name


def test_every_stop_of_the_map_has_a_miniature() -> None:
    pages = re.findall(r'lesson\("([\w/]+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    folder = ROOT / "assets/traces/miniatures"
    drawn = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.json")}
    assert set(pages) - {"start/home"} == drawn


@pytest.mark.parametrize(
    "page", sorted(path for path in (ROOT / "pages").glob("*/*.py") if path.stem != "home")
)
def test_every_page_explains_its_terms(page: Path) -> None:
    """The terms of the foot are in the glossary, under their English names."""
    listed = re.search(r"terms=\[(.*?)\]", page.read_text(encoding="utf-8"), re.DOTALL)
    assert listed, page.name
    with (ROOT / "assets/facts/glossary.csv").open(encoding="utf-8", newline="") as file:
        known = {row["english"] for row in csv.DictReader(file)}
    assert set(re.findall(r'"(.*?)"', listed[1])) <= known


# A reader's text in messages.

MESSAGES = (
    "warning",
    "info",
    "error",
    "success",
    "caption",
    "markdown",
    "toast",
    "progress",
    "button",
    "spinner",
)
ODD = (
    "*a*",
    "$x$ y",
    ":smile:",
    "[x](y)",
    "_b_",
    "<b>",
    "`c`",
    "a -> b",
    "# d",
    "- e",
    "1. f",
    "https://g.h",
    ":red[i]",
)


@pytest.mark.parametrize("text", ODD)
def test_a_readers_text_is_shown_as_typed(text: str) -> None:
    """Nothing is left that Streamlit's Markdown would read: every such sign has a backslash or a joiner."""
    shown = literal(text)
    assert re.sub(r"\\(.)", r"\1", shown).replace("\u2060", "") == text
    bare = re.sub(r"\\.", "", shown)
    assert not re.search(r"[*$`_<\[]|:\w+:|->|https:|^\s*[-#+]|^\s*\d+\.", bare)


def test_lines_of_a_text_stay() -> None:
    assert literal("a\n* b\n2) c") == "a\n\\* b\n2\\) c"


@pytest.mark.parametrize("word", ["*a*", "$x$ y", ":smile:", "[x](y)"])
def test_a_label_shows_its_slots_as_typed(word: str) -> None:
    assert literal(word) in told("contextual", "not_found", word=word)


def test_a_sentence_calls_a_folder_by_its_name() -> None:
    assert words.LOCAL == LOCAL_PREFIX
    assert "local" not in told("models", "meanwhile", name="local:my-model")
    assert words.t("models", "english_only", model="local:my-model").startswith("my-model ")
    assert "local:" in words.t(
        "contextual", "not_found", word="local: news"
    )  # a reader's own word is not touched


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "components").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]),
    ids=lambda p: p.stem,
)
def test_messages_with_slots_are_told(path: Path) -> None:
    """``t`` leaves a reader's ``*a*`` to be read as Markdown; in a message of Streamlit's it is ``told``."""
    for call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call.func, ast.Attribute) and call.func.attr in MESSAGES:
            for inner in _calls(call):
                plain = isinstance(inner.func, ast.Name) and inner.func.id == "t"
                assert not (plain and inner.keywords), f"{path.name}:{inner.lineno}: use told(...)"


def test_one_korean_term_for_one_idea() -> None:
    """``terms.md`` lists the terms that are used and those that lost; the latter stand in no text."""
    rows = (TEXT / "ko" / "terms.md").read_text(encoding="utf-8").splitlines()
    lost = [word.strip() for row in rows if row.count("|") == 4 for word in row.split("|")[3].split(",")]
    lost = [word for word in lost if re.search("[가-힣]", word) and word != "쓰지 않는 말"]
    assert len(lost) >= 8
    for path in (TEXT / "ko").rglob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert [word for word in lost if word in text] == [], path.name
    glossary = (TEXT.parent / "facts" / "glossary.csv").read_text(encoding="utf-8")
    assert [word for word in lost if word in glossary] == []


def test_a_number_and_its_counter_are_written_together() -> None:
    """1,296개, not 1,296 개; a slot that names a word (token, layer) is no number."""
    number, counter = (
        r"(?:\$(?!token|layer|pair|word|merged)\w+|(?<![\w$.])\d[\d,.]*%?)",
        "개|번|배|곳|단계|나트|비트|점|초|스텝",
    )
    apart = re.compile(rf"{number} (?:{counter})(?=[\s.,;:)·\"]|[은는이가을를와과의에로까중씩만]|$)")
    copula = re.compile(r"\$\w+ (?:이에요|예요)(?![가-힣])")
    for path in (TEXT / "ko").rglob("*.toml"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not apart.search(line), (path.name, line)
            assert not copula.search(line), (path.name, line)


def test_a_place_in_a_paper_is_said_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "Devlin et al. 2019 (BERT), section 3.1 and Table 5"
    assert words.cited(source) == source
    monkeypatch.setattr(words, "language", lambda: "ko")
    assert words.cited(source) == "Devlin et al. 2019 (BERT), 3.1절, 표 5"
    assert words.cited("Lan et al. 2020, Tables 1 to 5") == "Lan et al. 2020, 표 1~5"
    assert words.cited("Devlin et al. 2019, appendix C.2, Table 8") == "Devlin et al. 2019, 부록 C.2, 표 8"
    assert (
        words.cited("Sennrich et al. 2016, section 3.2 and algorithm 1")
        == "Sennrich et al. 2016, 3.2절, 알고리즘 1"
    )
    assert words.cited("Rumelhart et al. 1986, Nature 323 (conventional date)").endswith("(흔히 꼽는 해)")
    assert words.cited("Rei and Bau 2019") == "Rei and Bau 2019"
