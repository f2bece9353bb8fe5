"""`dystrack evaluate PIPELINE FOLDER`."""

import itertools
from pathlib import Path

from dystrack.cli.pipeline_words import load_first_word, said_help
from dystrack.core.errors import ConfigurationError

__all__ = ["evaluate"]

_FILE_WIDTH = 130  # of a table that no terminal shows
_ANNOTATE = "--annotate"
_PORT = 8790
_PURPOSE = """\
Run PIPELINE on each prescan in FOLDER as it is and under stress: shifted, dimmed, noisier, blurred,
with debris, empty, and so on; and say what is safe, where it answers OK and is wrong, and what to
set. Without a table of targets, a prescan that is shifted must give an answer that is shifted.
FOLDER is only read. --annotate opens a page to click the targets first. --compare OTHER ...
evaluates other pipelines beside it; --tune OPTION=1,2,3 ... tries settings, and writes the best
into the experiment file."""


def evaluate(*words: str) -> None:
    """Say how far a pipeline can be trusted, from prescans under stress."""
    if said_help("evaluate", _PURPOSE, words):
        return
    loaded = load_first_word("evaluate", words)
    from rich.console import Console  # noqa: PLC0415 - a typing mistake comes first

    from dystrack.tools.kit.evaluation.command import run_evaluation  # noqa: PLC0415

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    reference, *rest = words
    if _ANNOTATE in rest:
        rest = _annotated(rest)
    run_evaluation(
        reference, loaded, rest, console, lambda other: load_first_word("evaluate", [other])
    )


def _annotated(words: list[str]) -> list[str]:
    """Have the targets clicked, and return the words that use them."""
    from dystrack.dashboard.marking.page import serve_marking  # noqa: PLC0415 - heavy
    from dystrack.tools.kit.evaluation.truth import TRUTH_NAME  # noqa: PLC0415
    from dystrack.tools.kit.training.annotating import AnnotationSession  # noqa: PLC0415

    rest = [word for word in words if word != _ANNOTATE]
    folder = next((word for word in rest if Path(word).is_dir()), "")
    if not folder:
        msg = f"{_ANNOTATE} needs a folder with prescans: dystrack evaluate PIPELINE FOLDER."
        raise ConfigurationError(msg)
    given = dict(itertools.pairwise(rest))
    table = given.get("--truth", str(Path(folder) / TRUTH_NAME))
    channel = given.get("--channel")
    session = AnnotationSession(Path(folder), Path(table), int(channel) if channel else None)
    serve_marking(session, _PORT, lambda text: print(text, flush=True))  # noqa: T201 - where it is
    return rest if "--truth" in rest else [*rest, "--truth", table]
