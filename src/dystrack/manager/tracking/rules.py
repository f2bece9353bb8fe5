"""What a user allows to be sent."""

from dataclasses import dataclass, field, replace

from dystrack.core.limits import Limits

__all__ = ["MODES", "TrackingRules"]

MODES = ("off", "smooth", "auto", "lead")
"""Exactly the pipeline's answer; the smoothed place; that, led just enough; that, led fully."""


@dataclass(frozen=True)
class TrackingRules:
    """What a user allows.

    Attributes
    ----------
    fallback : {"previous", "stay", "predict"} or None
        What to send when an analysis fails; None: end the session.
    frame_margin_px : float
        How far outside its image a target may lie.
    limits : Limits
        Greatest steps and travels.
    max_failures : int or None
        Number of failures in a row at one position that is tolerated.
    on_max_failures : {"hold", "stop"}
        What to do beyond: hold the position where it is, or end the session.
    on_runaway : {"warn", "hold"}
        What to do when the stage runs away from the sample.
    track : {"off", "smooth", "auto", "lead"}
        What is made of the answers.
    tracked_phases : tuple of str
        In which phases of the experiment; in all if none is named.
    has_two_targets : bool
        Whether the microscope takes the next prescan elsewhere than the main scan.
    """

    fallback: str | None = "previous"
    frame_margin_px: float = 0.0
    limits: Limits = field(default_factory=Limits)
    max_failures: int | None = None
    on_max_failures: str = "hold"
    on_runaway: str = "warn"
    track: str = "off"
    tracked_phases: tuple[str, ...] = ()
    has_two_targets: bool = False

    @property
    def is_tracked(self) -> bool:
        """Whether the tracker says where to go."""
        return self.track != "off"

    def in_phase(self, phase: str) -> "TrackingRules":
        """Return the rules for a phase of the experiment."""
        is_left_out = self.tracked_phases and phase not in self.tracked_phases
        return replace(self, track="off") if is_left_out else self

    @property
    def has_tracker(self) -> bool:
        """Whether a tracker watches, be it only for what to do when an analysis fails."""
        return self.is_tracked or self.fallback == "predict"
