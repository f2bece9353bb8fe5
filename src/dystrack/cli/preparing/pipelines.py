"""`dystrack pipelines`."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dystrack.cli.pipeline_words import SHIPPED
from dystrack.options.docstring_arguments import read_arguments
from dystrack.options.option_help import option_table
from dystrack.options.pipeline_reference import load_pipeline, pipeline_names

__all__ = ["pipelines"]


def pipelines() -> None:
    """List the shipped pipelines and their options."""
    console = Console(highlight=False)
    for name in pipeline_names(SHIPPED):
        arguments = read_arguments(load_pipeline(name, SHIPPED), n_positional=1)
        console.print(Text.assemble((name, "bold"), "  ", arguments.summary))
        console.print(Padding(option_table(arguments.offered), (0, 0, 0, 2)))
        console.print()
    console.print("Start one with: dystrack run PIPELINE FOLDER [--option value ...]")
