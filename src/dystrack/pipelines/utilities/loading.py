"""From the path of a prescan to its array, complete or not at all."""

from pathlib import Path
from typing import Any

import numpy.typing as npt

from dystrack.core.errors import ImageError, IncompleteImageError, UnsupportedImageError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.core.steps import announce
from dystrack.images.image_file import ImageStatus
from dystrack.images.readers import Image, read_image
from dystrack.images.stack_axes import channel_index, check_is_plane
from dystrack.images.stamps import FileStamp
from dystrack.images.waiting import wait_until_complete
from dystrack.pipelines.utilities.preparation import select_channel

__all__ = ["load_stack", "robustly_load_image_after_write"]

_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.05


def robustly_load_image_after_write(
    target_path: str | Path, await_write: float = 2, *, clock: Clock = SYSTEM_CLOCK
) -> npt.NDArray[Any]:
    """Wait until an image is complete, and load it.

    TIFF, CZI and ND2 are read directly, every other format by bioio if a plug-in for it is
    installed. The file is looked at again after it was read: if it changed in the meantime, or
    could not be read, everything starts over, up to five times.

    Parameters
    ----------
    target_path : str or Path
        Path of the image.
    await_write : float, optional, default 2
        For how many seconds nothing must have changed where the format cannot tell whether the
        file is complete. Most formats can; then the image is loaded at once.
    clock : Clock, optional
        Time as the wait sees it; by default the computer's.

    Returns
    -------
    ndarray
        The first scene, its axes in the order T, C, Z, Y, X, without axes of length 1.

    Raises
    ------
    IncompleteImageError
        If the file does not become complete, changes time after time, or cannot be read.
    UnsupportedImageError
        If it is a colour picture, or nothing that is installed reads its format.
    FileNotFoundError
        If there is no such file.
    """
    return _load(Path(target_path), await_write, clock).pixels


def load_stack(
    target_path: str | Path,
    channel: int | None = None,
    await_write: float = 2,
    *,
    clock: Clock = SYSTEM_CLOCK,
) -> npt.NDArray[Any]:
    """Wait until a prescan is complete, and load one channel of it.

    Where the file says what its axes are, nothing else is taken for z. Where it does not, as in a
    plain TIFF, `channel` is an index along the first axis, and of three axes the first is z if no
    channel is given.

    Parameters
    ----------
    target_path : str or Path
        Path of the prescan.
    channel : int, optional, default None
        Index of the channel. If not given, the prescan must have a single channel.
    await_write : float, optional, default 2
        As in `robustly_load_image_after_write`.
    clock : Clock, optional
        Time as the wait sees it; by default the computer's.

    Returns
    -------
    ndarray of shape (Z, Y, X) or (Y, X)
        The grey values as they are in the file.

    Raises
    ------
    UnsupportedImageError
        If the file has other axes, such as several time points, or no such channel; the message
        names the axes that are there. If it is a colour picture, or nothing that is installed reads
        its format.
    IncompleteImageError
        If the file does not become complete, changes time after time, or cannot be read.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(target_path)
    image = _load(path, await_write, clock)
    stack = _channel_of(image, channel, path.name)
    announce("Loaded", stack)
    return stack


def _channel_of(image: Image, channel: int | None, name: str) -> npt.NDArray[Any]:
    try:
        check_is_plane(image.sizes)
        if not image.axes_known:
            return select_channel(image.pixels, channel)
        index = channel_index(image.sizes, channel)
    except UnsupportedImageError as error:
        raise UnsupportedImageError(f"{name}: {error}") from None
    stack: npt.NDArray[Any] = image.pixels if index is None else image.pixels[index]
    return stack


def _load(path: Path, await_write: float, clock: Clock) -> Image:
    """Return an image that was complete before it was read and has not changed meanwhile."""
    reason: Exception | None = None
    for attempt in range(_ATTEMPTS):
        if reason is not None:
            clock.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
        ready = wait_until_complete(path, quiet_s=await_write, clock=clock)
        image, reason = _try_to_read(path, ready.status)
        if image is not None and FileStamp.of(path) == ready.stamp:
            return image
    raise IncompleteImageError(
        f"{path.name} could not be loaded in {_ATTEMPTS} attempts: "
        f"{reason or 'it was written to while it was read'}. Check that the microscope saves it "
        "once and then leaves it alone, and that other software can open it."
    ) from reason


def _try_to_read(path: Path, status: ImageStatus) -> tuple[Image, None] | tuple[None, Exception]:
    """Return the image and no error, or no image and the error."""
    try:
        return read_image(path, status), None
    except ImageError:
        raise
    except Exception as error:  # readers raise all kinds of errors on bad files
        if "imagecodecs" in str(error):
            raise UnsupportedImageError(
                f"{path.name} is compressed in a way that needs one more package: "
                "pip install imagecodecs. Uncompressed prescans are read faster."
            ) from error
        return None, error
