"""The pictures of a page as files, made in the browser from what is on screen."""

from components.elements.mount import element
from components.words import labels

_mount = element("pictures")


def picture_downloads(*, name: str, caption: str) -> None:
    """Offer every picture of the open page as SVG and PNG.

    Args:
        name: beginning of the file names.
        caption: drawn under the picture and kept in it: model, revision, seed, text.
    """
    _mount(key=f"pictures-{name}", data={"name": name, "caption": caption, "words": labels("export")})
