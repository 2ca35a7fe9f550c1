"""The rooms of the code: imports go down only, and one name is found in every room."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPONENTS = ROOT / "components"
PAGES = sorted(
    path.relative_to(ROOT / "pages").with_suffix("").as_posix() for path in (ROOT / "pages").glob("*/*.py")
)
FLOORS = ("pages", "lessons", "shell", "elements", "figures", "lm")
"""From the top down; ``words`` stands beside ``lm`` at the ground, ``pretraining`` is a program of its own."""


def room_of(path: Path) -> str:
    """Return the room of a source file: the first folder, or the file itself (``words``)."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "pages" if parts[0] in ("pages", "app") else parts[1]


def module_of(path: Path) -> str:
    """Return the dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield every module of ours that a file imports, wherever in the file the import stands."""
    known = {module_of(p) for p in COMPONENTS.rglob("*.py")}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("components"):
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("components"))


SOURCES = sorted([*COMPONENTS.rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"])


def may_use(room: str, other: str) -> bool:
    """Return whether an import from one room to another goes down."""
    if room == other:
        return True
    if room == "pretraining":  # a program of its own, at the ground
        return other == "lm"
    if other in ("words", "pretraining"):
        return other == "words" and room in FLOORS[:4]
    return room in FLOORS and other in FLOORS and FLOORS.index(room) < FLOORS.index(other)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_go_down(path: Path) -> None:
    room = room_of(path)
    for module in imported(path):
        parts = module.split(".")
        if len(parts) > 1 and room != "__init__":
            assert may_use(room, parts[1]), f"{path.relative_to(ROOT)} ({room}) imports {module}"


def test_no_circles() -> None:
    """No module imports itself through others, not even late."""
    uses = {module_of(path): set(imported(path)) - {module_of(path)} for path in SOURCES}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in sorted(uses.get(module, ())):
                visit(other, (*way, module))
            done.add(module)

    for module in sorted(uses):
        visit(module, ())


def page_of(module: str) -> str | None:
    """Return the page a lesson belongs to (``bert/dice_panels`` to ``bert/dice``), or None for a room that is shared."""
    name = module.removeprefix("components.lessons.").replace(".", "/")
    return next(
        (
            page
            for page in sorted(PAGES, key=len, reverse=True)
            if name == page or name.startswith(f"{page}_")
        ),
        None,
    )


@pytest.mark.parametrize(
    "path", sorted((COMPONENTS / "lessons").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_no_lesson_uses_the_lesson_of_another_page(path: Path) -> None:
    mine = page_of(module_of(path))
    for module in imported(path):
        if module.startswith("components.lessons."):
            assert page_of(module) in (None, mine), f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("page", PAGES)
def test_one_name_is_found_in_every_room(page: str) -> None:
    chapter, name = page.split("/")
    wanted = [f"assets/text/{lang}/{page}.toml" for lang in ("en", "ko")] if page != "start/home" else []
    wanted += [f"tests/pages/{chapter}/test_{name}.py"]
    if page != "start/home":
        wanted += [f"components/lessons/{page}.py"]
    missing = [file for file in wanted if not (ROOT / file).exists()]
    assert not missing, missing


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_a_story_to_read_at_once(page: str) -> None:
    """Controls, panels and exports that make it longer stand in its lesson."""
    lines = (ROOT / "pages" / f"{page}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 95


def test_the_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    code = {"app.py", "pages", "components", "assets", "tests", "requirements.txt"}
    beside = {
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "pyproject.toml",
        "requirements-dev.txt",
    }
    assert top <= code | beside | {".streamlit", ".ci", ".gitignore"}
    assert not list((ROOT / "pages").glob("*.py")), "scripts directly in pages/ run without the frame"


def test_every_file_that_contributing_names_is_there() -> None:
    """``<page>`` stands for a page that has all of it; a name without folders may stand anywhere in ``assets``."""
    said = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    filled = said.replace("<chapter>", "bert").replace("<page>", "masking").replace("<name>", "mask_lab")
    named = {quoted.removeprefix("python ").split()[0] for quoted in re.findall(r"`([^`\n]+)`", filled)}
    paths = {
        name
        for name in named
        if re.match(r"(pages|components|assets|tests|app\.py)\b", name) and "(" not in name
    }
    assert len(paths) > 20
    assert not [path for path in sorted(paths) if not (ROOT / path).exists()]
    scripts = {name for name in named if re.fullmatch(r"[\w/]+\.(js|wat)", name)} - paths
    assert scripts
    assert not [name for name in sorted(scripts) if not list((ROOT / "assets").rglob(name))]
    functions = set(re.findall(r"`(?:\w+\.)*(\w+)\([^`]*\)`", filled)) - {"living"}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    assert not [name for name in sorted(functions) if f"def {name}(" not in sources]


TYPED = ("lm", "elements", "lessons")
"""Rooms between which every value has a type."""


def is_bare(annotation: ast.expr | None) -> bool:
    """Return whether an annotation is ``Any`` itself, or ``Any`` beside something else; a ``dict[str, Any]`` is read from a file."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return is_bare(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.BinOp):
        return is_bare(annotation.left) or is_bare(annotation.right)
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
        return annotation.value.id == "Optional" and is_bare(annotation.slice)
    name = annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")
    return name == "Any"


def untyped(body: list[ast.stmt], within: str = "") -> Iterator[str]:
    """Yield the public functions and fields of a module that take, return or hold a bare ``Any``."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from untyped(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_") and node.name not in ("__init__", "__call__"):
                continue
            args = node.args
            given = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
            found = [one.arg for one in given if one is not None and is_bare(one.annotation)]
            found += ["its result"] if is_bare(node.returns) else []
            yield from (f"{within}{node.name}: {name}" for name in found)
        elif isinstance(node, ast.AnnAssign) and is_bare(node.annotation):
            name = ast.unparse(node.target)
            yield from () if name.startswith("_") else (f"{within}{name}",)


@pytest.mark.parametrize("room", TYPED)
def test_what_crosses_a_border_has_a_type(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)} {name}"
        for path in sorted((COMPONENTS / room).rglob("*.py"))
        for name in untyped(ast.parse(path.read_text(encoding="utf-8")).body)
    ]
    assert not found, found


def test_a_bare_any_is_found() -> None:
    said = "def f(a: Any, *, b: int | Any = 0, **c: dict[str, Any]) -> 'Any': ...\nclass A:\n    b: Any\n    def __init__(self, c: typing.Any): ..."
    assert list(untyped(ast.parse(said).body)) == ["f: a", "f: b", "f: its result", "A.b", "A.__init__: c"]


@pytest.mark.parametrize(
    "path",
    sorted((COMPONENTS / "elements").rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_what_an_element_is_sent_is_declared(path: Path) -> None:
    """Not a table described by "see the page": a ``TypedDict``, a dataclass, or plain arguments."""
    loose = ("Mapping[str, Any]", "dict[str, Any]", "list[Any]", "Sequence[Any]")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                said = ast.unparse(one.annotation) if one.annotation else ""
                assert not any(part in said for part in loose), f"{node.name}: {one.arg}: {said}"


def test_the_readme_lists_the_pages_as_the_menu_does() -> None:
    rows = re.findall(
        r"^\|[^|]*\| ([^|]+) \| ([^|]+\?) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M
    )
    menu = re.findall(r'lesson\(\s*"(\w+/\w+)"', (ROOT / "app.py").read_text(encoding="utf-8"))
    said = [
        tomllib.loads((ROOT / "assets" / "text" / "en" / f"{page}.toml").read_text(encoding="utf-8"))[page]
        for page in menu
        if page != "start/home"
    ]
    assert len(said) > 25
    assert rows == [(page["title"], page["question"]) for page in said]


def _brings_torch(node: ast.stmt) -> bool:
    names = (
        [alias.name for alias in node.names]
        if isinstance(node, ast.Import)
        else [node.module or ""]
        if isinstance(node, ast.ImportFrom)
        else []
    )
    return any(
        name.partition(".")[0] in ("torch", "transformers") or name == "safetensors.torch" for name in names
    )


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(COMPONENTS.rglob("*.py")) if "pretraining" not in p.relative_to(COMPONENTS).parts],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_what_brings_torch_along_goes_through_the_one_lock_first(path: Path) -> None:
    """Two threads of a server that has just started can make an import fail halfway, and then it fails for good."""
    ready = False
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        ready = ready or ast.unparse(node) in (
            "checkpoints.import_torch()",
            "checkpoints.import_transformers()",
        )
        assert ready or not _brings_torch(node), f"{path.relative_to(ROOT)}:{node.lineno}"
