"""`run_dystrack_manager`: keyword arguments → a session → its results."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dystrack.core.protocols import SYSTEM_CLOCK, Clock, Pipeline, Transmitter
from dystrack.manager.watching.image_names import DEFAULT_POSITION_PATTERN

if TYPE_CHECKING:
    from dystrack.manager.controls import Controls
    from dystrack.manager.events import Listener

__all__ = ["run_dystrack_manager"]


def run_dystrack_manager(
    target_dir: str | os.PathLike[str],
    image_analysis_func: Pipeline,
    max_checks: int | None = None,
    max_triggers: int | None = None,
    end_on_esc: bool = True,
    delay: float = 1.0,
    recurse: bool = False,
    file_start: str = "",
    file_end: str = "",
    file_regex: str = "",
    img_kwargs: Mapping[str, Any] = {},
    img_cache: Mapping[str, Any] = {},
    img_err_fallback: bool | str = True,
    tra_method: str | Transmitter = "txt",
    tra_kwargs: Mapping[str, Any] = {},
    tra_err_resume: bool = False,
    write_txt: bool = True,
    *,
    position_pattern: str = DEFAULT_POSITION_PATTERN,
    frame_margin_px: float = 0.0,
    max_step_px: float | str | Sequence[float] | None = None,
    max_step_um: float | str | Sequence[float] | None = None,
    max_travel_px: float | str | Sequence[float] | None = None,
    max_travel_um: float | str | Sequence[float] | None = None,
    max_failures: int | None = None,
    on_max_failures: str = "hold",
    on_runaway: str = "warn",
    resume: bool = False,
    backlog: str = "all",
    isolate: bool = False,
    timeout_s: float = 60.0,
    quiet_s: float = 2.0,
    incomplete_limit_s: float = 30.0,
    progress: bool = True,
    answer_files: bool = False,
    send_limit_s: float = 30.0,
    previews: bool = True,
    on_event: "Listener | None" = None,
    should_stop: Callable[[], bool] | None = None,
    controls: "Controls | None" = None,
    clock: Clock = SYSTEM_CLOCK,
    track: str = "off",
    track_phases: str = "",
    control: bool = False,
    threads: int | None = None,
    executor: str = "",
    executor_key: str = "",
    executor_paths: str = "",
) -> tuple[list[list[float | None]], dict[str, int]]:
    """Watch a folder for prescans and answer each with coordinates for the microscope.

    Each new file whose name fits is given to the pipeline once it is complete; its answer is
    checked and sent. The watch ends after `max_checks` checks of the folder, after
    `max_triggers` prescans, on Esc, or on Ctrl-C.

    Parameters
    ----------
    target_dir : path-like
        The folder to watch. Files that lie in it at the start are left alone.
    image_analysis_func : callable
        The pipeline: ``z, y, x, msg, cache = f(path, **img_kwargs, **img_cache)``, in pixels.
    max_checks : int or None, default None
        Number of checks of the folder after which to end.
    max_triggers : int or None, default None
        Number of prescans after which to end.
    end_on_esc : bool, default True
        Whether the Esc key ends the watch.
    delay : float, default 1.0
        Longest time between two checks in s, when nothing wakes DySTrack earlier.
    recurse : bool, default False
        Whether to watch subfolders as well.
    file_start : str, default ""
        How the names of prescans start; any if empty.
    file_end : str, default ""
        How the names of prescans end; any if empty.
    file_regex : str, default ""
        Regular expression that the whole name of a prescan matches; any if empty.
    img_kwargs : dict, default {}
        Keyword arguments for the pipeline.
    img_cache : dict, default {}
        Keyword arguments that the pipeline hands on from call to call, for each position.
    img_err_fallback : bool or {"previous", "stay", "predict"}, default True
        What to send when an analysis fails, unless it is the very first: True or ``"previous"``,
        the previous coordinates of the same position; ``"stay"``, the centre of the image;
        ``"predict"``, where the sample is expected by what was seen of it before, as with `track`;
        False, nothing, and the session ends with the error.
    tra_method : {"txt", "MyPiC"} or callable, default "txt"
        How coordinates reach the microscope: by a line in ``dystrack_coords.txt``, or by the
        Windows registry. From Python and in a run file it may be a function
        ``f(z_pos, y_pos, x_pos, img_msg, img_cache, img_error, target_dir, **tra_kwargs)``.
    tra_kwargs : dict, default {}
        Keyword arguments for that function.
    tra_err_resume : bool, default False
        Whether to go on when coordinates could not be sent after three attempts.
    write_txt : bool, default True
        Whether to keep coordinates in ``dystrack_coords.txt`` whatever `tra_method` is.
    position_pattern : str, optional
        Regular expression with the groups ``position`` and, if wanted, ``time``, which says to
        which position the name of a prescan belongs. By default the namings of the usual
        vendors; empty: all prescans are one position.
    frame_margin_px : float, default 0.0
        How far outside its image a target may lie in pixels; infinite to allow any.
    max_step_px, max_step_um : str or float or sequence of float or None, default None
        Greatest step from the centre of a prescan, in pixels or µm: one number for all axes, or
        three for z, y, x, such as ``"5,20,20"``. A target beyond is a failed analysis.
    max_travel_px, max_travel_um : str or float or sequence of float or None, default None
        Greatest travel of a position from its start, the sum of its steps, given like a step.
    max_failures : int or None, default None
        Number of failures in a row at one position that is tolerated.
    on_max_failures : str, {"hold", "stop"}, default "hold"
        What to do beyond: hold the position where it is, or end the session.
    on_runaway : str, {"warn", "hold"}, default "warn"
        What to do when the stage runs away from the sample, because the microscope's macro has
        the sign of an axis wrong, or has axes swapped; or when prescans stay the same although it
        was sent on.
    resume : bool, default False
        Whether to go on with the last run in this folder, of this pipeline: with the state of
        each position, with its settings where they are not given, and with the prescans that
        came in the meantime, or that an earlier run left unanswered. No prescan is answered
        twice. On a command line, what is typed is given; in a call from Python, what differs
        from its default. Keyword arguments of the pipeline count one by one. Starts afresh where
        there was no run.
    backlog : str, {"all", "newest"}, default "all"
        Which of the prescans that came in the meantime to answer: all of them, oldest first, or
        only the newest of each position.
    isolate : bool, default False
        Whether to run the pipeline in a process of its own, which may hang or crash.
    timeout_s : float, default 60.0
        Deadline for one prescan in s, with `isolate`.
    quiet_s : float, default 2.0
        How long a file has to rest in s where nothing else tells that it is complete.
    incomplete_limit_s : float, default 30.0
        How long an image that is not complete may stay unchanged in s before it counts as aborted,
        which is a failed analysis.
    progress : bool, default True
        Whether to show what happens in the terminal.
    answer_files : bool, default False
        Whether to answer each prescan in a file of its own as well, ``<its name>.answer.txt``. A
        macro that waits for that file cannot take another prescan's answer.
    send_limit_s : float, default 30.0
        How long to try to send coordinates in s, at least three times, with growing pauses.
    previews : bool, default True
        Whether to keep a small picture of each prescan in ``dystrack_previews``, for reports.
    on_event : callable or None, default None
        Is called with each event of the session (see `dystrack.manager.events`).
    should_stop : callable or None, default None
        Is asked about ten times a second, and between prescans, whether to end the watch.
    controls : Controls or None, default None
        A way to pause the session, to hold and release positions, and to see its status.
    clock : Clock, optional
        The time, for simulations.
    track : str, {"off", "smooth", "auto", "lead"}, default "off"
        What is made of the pipeline's answers: ``"off"``, exactly them; ``"smooth"``, the
        smoothed place of the sample; ``"auto"``, as much ahead of it as it needs; ``"lead"``, where
        it is expected next. Improbable answers are doubted, failed analyses bridged, a lost sample
        is searched for, unless `img_err_fallback` is ``"stay"`` or False.
    track_phases : str, default ""
        Phases of the experiment to which `track` applies, such as ``"closeup"``; several apart
        by commas, all if empty. For pipelines that know phases.
    control : bool, default False
        Whether a page of the run may command it: pause, hold, move a target, change a limit.
    threads : int or None, default None
        How many threads an analysis may use. By default all cores that the system leaves to this
        program, shared equally with other sessions that analyse large prescans at the same time.
    executor : str, default ""
        Where to run the pipeline, if not here: the address that ``dystrack agent`` shows on
        another computer, such as ``tls://192.168.0.7:8786``.
    executor_key : str, default ""
        The file with the key that ``dystrack agent`` wrote there, copied to this computer.
    executor_paths : str, default ""
        Where a folder of this computer lies there, such as ``D:/data=/mnt/data``. Prescans that
        are in no such folder are sent.

    Returns
    -------
    coordinates : list of [z, y, x]
        What was sent for each prescan, in pixels, fallbacks included; three times None where
        there was nothing to send.
    stats : dict of str to int
        ``check_counter``, checks of the folder; ``found_counter``, new files;
        ``target_counter``, prescans; ``img_success_counter``, prescans analysed;
        ``tra_success_counter``, coordinates that reached the microscope.

    Raises
    ------
    ConfigurationError
        Before the watch starts, if something that was asked for cannot be done; a `ValueError`.
    CoordsFileError
        If the text file is not one of DySTrack's.
    JournalError
        If the journal cannot be written, or if the run cannot be resumed.
    TransmissionError
        If coordinates could not be sent, unless `tra_err_resume`; an `OSError`, whose cause is
        what the way to the microscope raised.
    Exception
        What the pipeline raised on the very first prescan, or on any without fallback.
    """
    # Processes that only run the pipeline import this file as well, and need nothing of a session.
    from dystrack.manager.assembly import open_run  # noqa: PLC0415
    from dystrack.manager.settings import differing_from_defaults  # noqa: PLC0415

    given = differing_from_defaults(locals())
    with open_run(
        target_dir,
        image_analysis_func,
        given,
        on_event=on_event,
        should_stop=should_stop,
        controls=controls,
        clock=clock,
    ) as run:
        return run.to_its_end()
