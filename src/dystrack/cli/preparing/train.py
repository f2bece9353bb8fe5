"""`dystrack train FOLDER`."""

import sys
from pathlib import Path

__all__ = ["train"]

_DEFAULT_PORT = 8790


def train(
    folder: str,
    *,
    model: str = "model.npz",
    channel: int | None = None,
    port: int = _DEFAULT_PORT,
) -> None:
    """Paint sample and background on a few prescans, and get a pipeline that follows the sample.

    Parameters
    ----------
    folder : str
        Prescans of several samples; it is only read.
    model : str
        The model to write; the strokes are kept beside it and taken up again.
    channel : int or None
        Index of the channel to look at; not needed if there is only one.
    port : int
        Port of the page; the next free one if it is taken.
    """
    from dystrack.dashboard.marking.page import serve_marking  # noqa: PLC0415 - heavy
    from dystrack.tools.kit.training.session import TrainingSession  # noqa: PLC0415

    session = TrainingSession(Path(folder), Path(model), channel)
    serve_marking(session, port, lambda text: print(text, flush=True))  # noqa: T201 - where it is
    if not Path(model).exists():
        sys.stdout.write("Nothing was learnt; the strokes are kept.\n")
        return
    option = "" if channel is None else f" --channel {channel}"
    sys.stdout.write(
        f"Evaluate it:  dystrack evaluate pixel_classifier {folder} --model {model}{option}\n"
        f"Run it:       dystrack run pixel_classifier FOLDER --model {model}{option}\n"
    )
