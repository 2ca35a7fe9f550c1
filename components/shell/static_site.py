"""``make site``: every page as a file in one folder, with the map of the course as its index, for any file server.

The pages show what the bundled models compute when the folder is made. With ``--models`` those that the pages run lie in it once,
as scripts in ``models``, and a reader can go on typing. See ``take_home.py``.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.runtime import RuntimeConfig

from components.lm import checkpoints
from components.shell.take_home import ROOT, Part, as_file, messages, parts, shared_model
from components.words import LANGUAGES

INDEX = "index.html"


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
    home = {lang: messages("", {}, lang) for lang in LANGUAGES}
    titles = {lang: dict(table_of_contents(home[lang])) for lang in LANGUAGES}
    order = [address for address, _ in table_of_contents(home[LANGUAGES[0]])]
    course = {"file": INDEX}
    written = []
    carried: set[str] = set()
    for at, address in enumerate(order):
        around = {"previous": at - 1, "next": at + 1}
        links: dict[str, Any] = {
            name: {
                "file": INDEX if place == 0 else f"{order[place]}.html",
                "title": {lang: titles[lang][order[place]] for lang in LANGUAGES},
            }
            for name, place in around.items()
            if 0 <= place < len(order)
        }
        if at == 0:
            shown = {lang: _with_files(parts(home[lang])) for lang in LANGUAGES}
        else:
            sent = {lang: messages(address, {}, lang) for lang in LANGUAGES}
            shown = {}
            for lang in LANGUAGES:  # a page may open with another model in Korean
                shown[lang] = parts(sent[lang], models=models != "none")
                needed = {one for part in shown[lang] for one in part.get("models", ())}
                if models == "en" and not all(_is_english(one) for one in needed):
                    shown[lang], needed = parts(sent[lang]), set()
                carried |= needed
            links["map"] = course
        file = folder / (INDEX if at == 0 else f"{address}.html")
        file.write_text(
            as_file(shown, LANGUAGES[0], {**links, "site": True, "shared": True}), encoding="utf-8"
        )
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
