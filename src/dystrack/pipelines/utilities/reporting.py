"""What a pipeline tells the person in front of the screen when `verbose` is set."""

__all__ = ["report"]


def report(verbose: bool, text: str) -> None:
    """Print one line, if `verbose`."""
    if verbose:
        print(text, flush=True)  # noqa: T201 - what `verbose` promises
