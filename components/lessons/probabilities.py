"""Probabilities as elements are sent them, short and never 0 or 1 if they are not, and as they are read."""


def short(p: float) -> float:
    """Return a probability (0…1) with four significant digits, counted from the nearer end.

    >>> short(0.123456), short(0.0000123456), short(0.9999987654), short(1.0)
    (0.1235, 1.235e-05, 0.999998765, 1.0)
    """
    return float(f"{p:.4g}") if p < 0.99 or p >= 1 else round(1 - float(f"{1 - p:.4g}"), 15)


def in_words(p: float) -> str:
    """Return a probability (0…1) as a person reads it in a line.

    >>> in_words(0.05239), in_words(0.0000411), in_words(0.0)
    ('0.0524', '4.1e-05', '0.0000')
    """
    return f"{p:.4f}" if p >= 0.001 or p == 0 else f"{p:.1e}"
