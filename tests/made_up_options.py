"""A pipeline and a manager with options of every kind."""

from typing import Any

from dystrack.options.command_options import CommandOptions, command_options


def pipeline(
    target_path,
    channel=None,
    method="intensity",
    gauss_sigma=3.0,
    await_write=2,
    delay=0.5,
    show=False,
    verbose=False,
):
    """Find it.

    Parameters
    ----------
    target_path : str
        Path.
    channel : int, optional, default None
        Index.
    method : {"intensity", "otsu", "objct"}, default "intensity"
        How.
    gauss_sigma : float, optional, default 3.0
        Sigma.
    await_write : int or float, default 2
        Wait.
    delay : float, default 0.5
        Also a keyword of the manager.
    show : bool, default False
        Show.
    verbose : bool, default False
        Tell.
    """


def manager(
    target_dir: str,
    image_analysis_func: Any,
    max_checks: int | None = None,
    delay: float = 1.0,
    file_start: str = "",
    img_kwargs: dict[str, Any] = {},  # noqa: B006
    img_cache: dict[str, Any] = {},  # noqa: B006
    img_err_fallback: bool | str = True,
    tra_kwargs: dict[str, Any] = {},  # noqa: B006
    end_on_esc: bool = True,
) -> None:
    pass


def options_of(function: Any = pipeline, **fixed: dict[str, Any]) -> CommandOptions:
    settings = {"analysis_kwargs": {}, "analysis_cache": {}, "manager_kwargs": {}, **fixed}
    return command_options(function, manager, **settings)
