"""`dystrack show PIPELINE FILE`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from dystrack.cli.pipeline_words import load_first_word, said_help

__all__ = ["ShowSettings", "show"]

_PURPOSE = """\
Analyse one prescan, and write the picture after every step as a page, or with --out steps.png as a
picture. FOLDER is here the file of the prescan."""


@dataclass(frozen=True)
class ShowSettings:
    """How the steps of an analysis are shown.

    Attributes
    ----------
    out : str, default ""
        The page (.html) or picture (.png) to write; if not given, a page with the name of the
        prescan, in the present folder.
    """

    out: str = ""


def show(*words: str) -> None:
    """Show what a pipeline does to a prescan, step by step."""
    if said_help("show", _PURPOSE, words):
        return
    loaded = load_first_word("show", words)
    from dystrack.options.command_options import command_options  # noqa: PLC0415
    from dystrack.options.command_parser import parse_words  # noqa: PLC0415
    from dystrack.tools.kit.showing.show import analysed_in_steps, write_steps  # noqa: PLC0415

    reference, *rest = words
    pipeline = loaded.image_analysis_func
    fixed = {**loaded.analysis_kwargs, **loaded.analysis_cache}
    options = command_options(pipeline, ShowSettings, fixed, {}, {})
    request = parse_words(options, rest)
    path = Path(request.target_dir)
    settings = ShowSettings(**request.manager_kwargs)
    out = Path(settings.out or f"{path.name.partition('.')[0]}_steps.html")
    shown = analysed_in_steps(pipeline, path, {**fixed, **request.analysis_kwargs})
    write_steps(shown, out, f"{Path(reference).name}, step by step")
    sys.stdout.write(f"{shown.answer}\nThe steps are in {out.absolute()}\n")
