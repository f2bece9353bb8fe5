"""From the path of a prescan to its array, whole or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dystrack.core.errors import ImageError, IncompleteImageError, UnsupportedImageError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.images.readers import Reader, colour_error, reader_for
from dystrack.images.stamps import FileStamp
from dystrack.images.waiting import wait_until_whole

__all__ = ["robustly_load_image_after_write"]

_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.05


def robustly_load_image_after_write(
    target_path: str | Path, await_write: float = 2, *, clock: Clock = SYSTEM_CLOCK
) -> npt.NDArray[Any]:
    """Wait until an image is whole, and load it.

    TIFF, CZI and ND2 are read directly, every other format by bioio if a plug-in for it is
    installed. The file is looked at again after it was read: if it changed in the meantime, or
    could not be read, everything starts over, up to five times.

    Parameters
    ----------
    target_path : str or Path
        Path of the image.
    await_write : float, optional, default 2
        For how many seconds nothing must have changed where the format cannot tell whether the
        file is whole. Most formats can; then the image is loaded at once.
    clock : Clock, optional
        Time as the wait sees it; by default the computer's.

    Returns
    -------
    ndarray
        The first scene, its axes in the order T, C, Z, Y, X, without axes of length 1.

    Raises
    ------
    IncompleteImageError
        If the file does not become whole, changes time after time, or cannot be read.
    UnsupportedImageError
        If it is a colour picture, or nothing that is installed reads its format.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(target_path)
    read = reader_for(path)
    reason: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if reason is not None:
            clock.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        ready = wait_until_whole(path, quiet_s=await_write, clock=clock)
        if ready.status.is_colour:
            raise colour_error(path)
        image, reason = _try_to_read(read, path)
        if image is not None and FileStamp.of(path) == ready.stamp:
            return np.squeeze(image)
    raise IncompleteImageError(
        f"{path.name} could not be loaded in {_ATTEMPTS} attempts: "
        f"{reason or 'it was written to while it was read'}. Check that the microscope saves it "
        "once and then leaves it alone, and that other software can open it."
    ) from reason


def _try_to_read(
    read: Reader, path: Path
) -> tuple[npt.NDArray[Any], None] | tuple[None, Exception]:
    """Return the image and no error, or no image and the error."""
    try:
        return read(path), None
    except ImageError:
        raise
    except Exception as error:  # readers raise all kinds of errors on bad files
        if "imagecodecs" in str(error):
            raise UnsupportedImageError(
                f"{path.name} is compressed in a way that needs one more package: "
                "pip install imagecodecs. Uncompressed prescans are read faster."
            ) from error
        return None, error
