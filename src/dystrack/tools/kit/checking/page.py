"""The page of a check: each prescan with the target that a pipeline found in it."""

from collections.abc import Sequence
from html import escape

import numpy as np

from dystrack.charts.pictures import Picture, shot
from dystrack.core.errors import DyStrackError
from dystrack.images.readers import read_image
from dystrack.manager.record.previews import project
from dystrack.manager.wording import count
from dystrack.tools.afterwards.skeleton import page_around, section
from dystrack.tools.kit.checking.answers import AnsweredPrescan
from dystrack.tools.kit.remarks import Remark, Weight

__all__ = ["check_page"]

_WORDS = {Weight.PROBLEM: "Problem: ", Weight.NOTE: "Note: ", Weight.GOOD: ""}


def check_page(
    pipeline: str,
    folder: str,
    answered: Sequence[AnsweredPrescan],
    remarks: Sequence[Remark],
    channel: int,
) -> str:
    """Return the page of a check as HTML.

    Parameters
    ----------
    pipeline, folder : str
        What was checked.
    answered : sequence of AnsweredPrescan
        What came of the prescans.
    remarks : sequence of Remark
        What was said.
    channel : int
        Which channel is shown, where there are several.

    Returns
    -------
    str
        HTML.
    """
    said = "".join(f"<li>{escape(_WORDS[r.weight] + r.text)}</li>" for r in remarks)
    pictures = "".join(_case(one, channel) for one in answered)
    content = [
        section(
            "Prescans",
            "Circle: where the next image would be centred; cross: the middle of this one.",
            f'<div class="cases">{pictures}</div>',
        ),
        section("What there is to say", "", f"<ul>{said}</ul>"),
    ]
    n_problems = sum(remark.weight is Weight.PROBLEM for remark in remarks)
    return page_around(
        "\n".join(content),
        headline=f"Check of {pipeline}",
        state=f"{count(len(answered), 'prescan')} in {folder}. "
        + (f"Not ready: {count(n_problems, 'problem')}." if n_problems else "Ready."),
    )


def _case(one: AnsweredPrescan, channel: int) -> str:
    """Return a prescan with its target, and what the microscope would be told below."""
    name, message = escape(one.prescan.name), escape(one.message)
    return f'<div class="case">{_picture(one, channel)}<b>{name}</b><span>{message}</span></div>'


def _picture(one: AnsweredPrescan, channel: int) -> str:
    try:
        image = read_image(one.prescan.path)
    except (DyStrackError, OSError, ValueError):
        return ""
    small, reduction = project(image.pixels, image.axes, channel)
    span = max(float(np.ptp(small)), 1e-9)
    size, target = one.prescan.status.voxel_size, one.target
    height, width = image.pixels.shape[-2:]
    outline = one.analysis.findings.outline if one.analysis else ()
    picture = Picture(
        (small - small.min()) * np.float32(255 / span),
        tip=one.message,
        um_per_px=size.x_um * reduction if size else None,
        target=None if target is None else (target.y / reduction, target.x / reduction),
        centre=((height - 1) / 2 / reduction, (width - 1) / 2 / reduction),
        outline=[(y / reduction, x / reduction) for y, x in outline],
    )
    return shot(picture, (0.0, 255.0))
