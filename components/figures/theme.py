"""The roles of colour. Nothing else in the app defines a colour.

Each role has a value for the light and one for the dark theme; of the roles that colour text
both reach WCAG AA (4.5 : 1) on their own background, and every role is shown by a second sign too
(see ``/CONTRIBUTING.md``, "Words and colours"). Elements read them as CSS variables ``--gb-<role>``;
Plotly figures read them from :func:`palette`.
"""

Rgb = tuple[int, int, int]

BACKGROUND = ("#FFFFFF", "#10161D")
TEXT = ("#16202A", "#E8EEF4")

ROLES: dict[str, tuple[str, str]] = {
    "background": BACKGROUND,
    "surface": ("#F2F5F8", "#1B242E"),
    "text": TEXT,
    "quiet": ("#51606E", "#A3B1BF"),
    "line": ("#C3CCD6", "#45525F"),
    "token": ("#0B62A6", "#66B2F0"),
    "key": ("#B8420F", "#FF9466"),
    "segment-a": ("#8A5A00", "#F0B53A"),
    "segment-b": ("#7B3F8C", "#CF9BE0"),
    "position": ("#0A6B4E", "#4CC79B"),
    "cut": ("#6B7680", "#8E9AA6"),
    "mask": ("#8E0F52", "#F08BBE"),
    "random": ("#007384", "#5CC8DB"),
    "kept": ("#6A6F74", "#C8CDD2"),
    "right": ("#0A6B4E", "#4CC79B"),
    "wrong": ("#B8420F", "#FF9466"),
}

# Magnitudes from 0 up: the background of the theme to the strongest token blue.
SEQUENTIAL = (
    ("#FFFFFF", "#D6E6F3", "#9CC6E4", "#4B97CB", "#0B62A6", "#073B66"),
    ("#10161D", "#14314A", "#175A8C", "#2F86C6", "#66B2F0", "#D3E9FB"),
)
# Signed numbers: vermilion below zero, blue above; zero is the background.
DIVERGING = (
    ("#8A2F08", "#DE8A5E", "#F6D9CA", "#FFFFFF", "#CFE2F2", "#5FA3D3", "#08487C"),
    ("#FFB493", "#C9602F", "#4A2A1C", "#10161D", "#16344C", "#3F90CC", "#A8D5FA"),
)


def palette(dark: bool) -> dict[str, str]:
    """Return role -> colour for one theme."""
    return {role: pair[dark] for role, pair in ROLES.items()}


_SCROLLS = ", ".join(
    f"linear-gradient({angle}deg, {shade}, transparent) {side} / {width} 100% no-repeat {fixed}"
    for shade, width, fixed in (
        ("var(--gb-background) 30%", "2.5rem", "local"),
        ("color-mix(in srgb, var(--gb-quiet) 45%, transparent)", "0.8rem", "scroll"),
    )
    for angle, side in ((90, "left"), (270, "right"))
)
"""Background of a box that scrolls sideways: a shade at the edge beyond which there is more. What covers the shade travels with
the content, and hides it where the content ends."""


def css_variables() -> str:
    """Return the roles and maps as CSS custom properties that follow the theme.

    ``light-dark()`` picks the value by the ``color-scheme`` that Streamlit sets on its app
    container, so a switch of the theme needs no rerun and no script.
    """
    lines = [f"--gb-{role}: light-dark({light}, {dark});" for role, (light, dark) in ROLES.items()]
    for name, (light_stops, dark_stops) in (("seq", SEQUENTIAL), ("div", DIVERGING)):
        lines += [
            f"--gb-{name}-{i}: light-dark({light}, {dark});"
            for i, (light, dark) in enumerate(zip(light_stops, dark_stops, strict=True))
        ]
    return ":root {" + " ".join((*lines, f"--gb-scrolls: {_SCROLLS};")) + "}"


def rgb(colour: str) -> Rgb:
    """Return the three channels (0 to 255) of a ``#RRGGBB`` colour."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
