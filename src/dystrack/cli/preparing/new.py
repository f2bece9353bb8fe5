"""`dystrack new NAME`."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.cli.sections import SECTIONS
from dystrack.tools.kit.scaffold.scaffold import write_new_pipeline

__all__ = ["new"]


def new(
    name: str, *, like: str = "", external: bool = False, onnx: str = "", folder: str = "."
) -> None:
    """Write a pipeline of your own to start from, with its test and an experiment.

    Parameters
    ----------
    name : str
        What it is called; a folder of this name is made.
    like : str
        A shipped pipeline to start from, such as lateral_line; if not given, a short one whose
        lines are explained.
    external : bool
        Whether a program of your own finds the target, which may be of another environment or
        language.
    onnx : str
        A trained model that finds the target: the path of an .onnx file.
    folder : str
        Where that folder is made.
    """
    files = write_new_pipeline(
        name, Path(folder), SHIPPED, like=like, external=external, onnx=onnx, others=SECTIONS
    )
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 3, 0, 2))
    beginning = f"a copy of {like}" if like else "edit the lines marked with EDIT"
    for path, meaning in (
        (files.pipeline, f"finds the target: {beginning}"),
        (files.test, "tests it: needs pip install pytest"),
        (files.experiment, "says what a run is made of"),
        (files.program, "is the program that finds the target: edit it, or write another"),
    ):
        if path is not None:
            table.add_row(Text(str(path), style="bold cyan"), Text(meaning))
    console.print("Written:")
    console.print(table)
    console.print("Next:")
    for command in (
        f"dystrack check {files.pipeline}",
        f"pytest {files.test}",
        f"dystrack rehearse {files.experiment} FOLDER_WITH_RECORDED_PRESCANS",
        f"dystrack run {files.experiment} FOLDER",
    ):
        console.print(Text(f"  {command}"), soft_wrap=True)
