"""What a pipeline tells the person in front of the screen when `verbose` is set."""

__all__ = ["report"]


def report(verbose: bool, text: str) -> None:
    """Print one line, if asked to.

    Parameters
    ----------
    verbose : bool
        Whether to print at all.
    text : str
        The line.
    """
    if verbose:
        print(text, flush=True)  # noqa: T201 - what `verbose` promises
