"""The only place with cache decorators; each says how much it may hold."""


def warm_models() -> None:
    """Load torch and the model of the first page, so that the first click is as fast as the second."""
