"""``make site``: every page as a file in one folder, with the map of the course as its index, for any file server.

The pages show what the bundled models compute when the folder is made. With ``--models`` those that the pages run lie in it once,
as scripts in ``models``, and a reader can go on typing. See ``take_home.py``.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.runtime import RuntimeConfig

from components.lm import checkpoints
from components.shell import links
from components.shell.take_home import ROOT, Part, Visit, as_file, parts, shared_model, visit
from components.words import LANGUAGES

HOME = "index"


def table_of_contents(home: Sequence[ForwardMsg]) -> list[tuple[str, str]]:
    """Return (address, title) of every page in lecture order, as the menu of the home page has them."""
    for message in home:
        if message.WhichOneof("type") == "navigation":
            return [(page.url_pathname, page.page_name) for page in message.navigation.app_pages]
    return []


def _with_files(shown: Sequence[Part]) -> list[Part]:
    """Return the parts of the home page with the files as addresses of the map's stops."""

    def stop(one: Mapping[str, Any]) -> dict[str, Any]:
        return {**one, "path": f"{one['path']}.html"}

    return [
        {**part, "data": {**part["data"], "stops": [stop(one) for one in part["data"]["stops"]]}}
        if part.get("name") == "course_map"
        else part
        for part in shown
    ]


def in_address(seen: Visit) -> dict[str, str]:
    """Return what the link of a page holds, as an address holds it."""
    return {p.key: p.write(seen.values[p.key]) for p in seen.params if seen.values[p.key] is not None}


def shared(visits: Mapping[str, Visit]) -> dict[str, list[dict[str, Any]]]:
    """Return for every page what of its link another page holds, too, and so goes along with the reader, as in the app.

    A model stays with its page: the file holds what this one computed.
    """
    pages = Counter((p.key, type(p)) for seen in visits.values() for p in seen.params)
    return {
        address: [
            links.described_alone(p)
            for p in seen.params
            if pages[p.key, type(p)] > 1 and not isinstance(p, links.Json) and not p.key.endswith("model")
        ]
        for address, seen in visits.items()
    }


def make_site(folder: Path, models: str = "none") -> list[Path]:
    """Write the folder and return the files of its pages; the index comes first.

    Args:
        models: ``none``, ``en`` (those that learned English) or ``all``.

    Raises:
        PageFailed: a page took too long to run.
    """
    if not Runtime.exists():
        # Never started: elements are made known to it, and a page's downloads are kept by it.
        Runtime(
            RuntimeConfig(
                str(ROOT / "app.py"), MemoryMediaFileStorage("/media"), MemoryUploadedFileManager("/upload")
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    visits = {"": {lang: visit("", {}, lang) for lang in LANGUAGES}}
    home = {lang: visits[""][lang].sent for lang in LANGUAGES}
    titles = {lang: dict(table_of_contents(home[lang])) for lang in LANGUAGES}
    order = [address for address, _ in table_of_contents(home[LANGUAGES[0]])]
    visits |= {address: {lang: visit(address, {}, lang) for lang in LANGUAGES} for address in order[1:]}
    held = shared({address: visits[address][LANGUAGES[0]] for address in order})
    written = []
    carried: set[str] = set()
    for at, address in enumerate(order):
        around = {"previous": at - 1, "next": at + 1} | ({"map": 0} if at else {})
        known: dict[str, Any] = {
            name: {
                "file": f"{order[place] or HOME}.html",
                "title": {lang: titles[lang][order[place]] for lang in LANGUAGES},
            }
            for name, place in around.items()
            if 0 <= place < len(order)
        }
        seen = visits[address]
        if at == 0:
            shown = {lang: _with_files(parts(home[lang])) for lang in LANGUAGES}
        else:
            shown = {}
            for lang in LANGUAGES:  # a page may open with another model in Korean
                shown[lang] = parts(seen[lang].sent, models=models != "none")
                needed = {one for part in shown[lang] for one in part.get("models", ())}
                if models == "en" and not all(_is_english(one) for one in needed):
                    shown[lang], needed = parts(seen[lang].sent), set()
                carried |= needed
        known["at"] = {lang: in_address(seen[lang]) for lang in LANGUAGES}
        known["shared"] = held[address]
        file = folder / f"{address or HOME}.html"
        file.write_text(as_file(shown, LANGUAGES[0], known), encoding="utf-8")
        written.append(file)
        print(f"{file.name}: {file.stat().st_size:,} bytes", flush=True)
    for model in sorted(carried):
        (folder / "models").mkdir(exist_ok=True)
        (folder / "models" / f"{model.rstrip('/')}.js").write_text(shared_model(model), encoding="utf-8")
    return written


def _is_english(folder: str) -> bool:
    """Return whether the model served at an address (``glassbox.<name>-<digest>/``) learned English."""
    return "en" in checkpoints.card(folder.split(".", 1)[1].rsplit("-", 1)[0]).languages


def main() -> None:
    """Read the command line."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--to", type=Path, default=ROOT / "site", help="the folder to write")
    arguments.add_argument(
        "--models", choices=["none", "en", "all"], default="none", help="models that lie in the folder"
    )
    given = arguments.parse_args()
    make_site(given.to, given.models)


if __name__ == "__main__":
    main()
