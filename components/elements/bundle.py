"""The code of elements as one script and one style sheet each, for a file that no server stands behind.

Every module becomes a function in a table; ``need(name)`` runs it once and returns what it exports. The engine
(``lib/engine``, and ``lib/sources``, which asks it) stays out of a file that shows what was recorded; a file that holds a model
has it twice, beside the page and as the script of a worker.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from components.elements.mount import ELEMENTS

_IMPORT = re.compile(r'^import (?:(?P<names>.+?) from )?"(?P<path>[^"]+)";', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.MULTILINE)
_LATER = re.compile(r'import\("(?P<path>[^"]+)"\)')
_CSS_IMPORT = re.compile(r'@import url\("([^"]+)"\);')


@cache
def script_of(element: str) -> Path:
    """Return the script of an element, by its name alone.

    Raises:
        FileNotFoundError: there is none.
    """
    for path in sorted(ELEMENTS.rglob(f"{element}.js")):
        if "lib" not in path.relative_to(ELEMENTS).parts:
            return path
    raise FileNotFoundError(f"{element}.js")


def _resolved(path: str, beside: Path) -> Path:
    """Return the file that an import means; elements reach the shared modules as ``../glassbox.lib/``."""
    if path.startswith("../glassbox.lib/"):
        return ELEMENTS / "lib" / path.removeprefix("../glassbox.lib/")
    return (beside.parent / path).resolve()


def _name(file: Path) -> str:
    return file.relative_to(ELEMENTS).as_posix()


def _is_engine(file: Path) -> bool:
    return _name(file).startswith(("lib/engine/", "lib/sources/"))


def _as_function(file: Path) -> tuple[str, list[Path]]:
    """Return a module as the body of ``(out, need) => {…}``, and the modules it imports."""
    source = file.read_text(encoding="utf-8")
    imported: list[Path] = []

    def bound(found: re.Match[str]) -> str:
        target = _resolved(found["path"], file)
        imported.append(target)
        call = f'need("{_name(target)}")'
        names = found["names"]
        if names is None:
            return f"{call};"
        if not names.startswith("{"):
            names = f"{{ default: {names} }}"
        return f"const {names.replace(' as ', ': ')} = {call};"

    def later(found: re.Match[str]) -> str:
        target = _resolved(found["path"], file)
        imported.append(target)
        return f'Promise.resolve().then(() => need("{_name(target)}"))'

    body = _LATER.sub(later, _IMPORT.sub(bound, source))
    exported = [name for _, name in _EXPORT.findall(body)]
    body = _EXPORT.sub(r"\1 \2", body)
    body = re.sub(r"^export default ", "out.default = ", body, flags=re.MULTILINE)
    return body + "".join(f"\nout.{name} = {name};" for name in exported), imported


def script(elements: Iterable[str], *, engine: bool = False) -> str:
    """Return JavaScript that defines ``need(name)`` for these elements and everything they import, with or without the engine."""
    return _table([script_of(element) for element in elements], engine=engine)


def worker_script() -> str:
    """Return the engine as the script of a worker that imports nothing."""
    worker = ELEMENTS / "lib" / "engine" / "worker.js"
    return f'{_table([worker], engine=True)}need("{_name(worker)}");\n'


def _table(files: list[Path], *, engine: bool) -> str:
    modules: dict[str, str] = {}
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if _name(file) in modules:
            continue
        body, imported = ("", []) if _is_engine(file) and not engine else _as_function(file)
        modules[_name(file)] = body
        waiting += imported
    table = "\n".join(f'"{name}": (out, need) => {{\n{body}\n}},' for name, body in sorted(modules.items()))
    return (
        f"const modules = {{\n{table}\n}};\nconst ready = {{}};\n"
        "function need(name) { if (!ready[name]) { ready[name] = {}; modules[name](ready[name], need); } return ready[name]; }\n"
    )


def style(element: str) -> str:
    """Return the style sheet of an element with those it imports; empty if it has none."""
    file = script_of(element).with_suffix(".css")
    return _with_imports(file) if file.exists() else ""


def _with_imports(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return _CSS_IMPORT.sub(lambda found: _with_imports(_resolved(found[1], file)), text)
