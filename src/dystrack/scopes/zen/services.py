"""ZEN's services, which move between its versions, and the units of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from dystrack.core.errors import ScopeError

__all__ = ["ZenServices"]

_UM = 1.0
_METRE = 1_000_000.0

# µm in one unit of each service that is known, the preferred one first. A service of another
# version is never taken: its unit is not known, and a factor of a million lies between these.
_STAGES = {
    "zen_api.hardware.v1.SimpleStageService": _METRE,
    "zen_api.lm.hardware.v2.StageService": _METRE,
    "zen_api.lm.hardware.v1.StageService": _UM,
}
_FOCUS = {
    "zen_api.lm.hardware.v2.FocusService": _METRE,
    "zen_api.lm.hardware.v1.FocusService": _UM,
}
_EXPERIMENTS = {"zen_api.acquisition.v1beta.ExperimentService": _METRE}
_STREAMING = {"zen_api.acquisition.v1beta.ExperimentStreamingService": _METRE}
_TILES = {"zen_api.lm.acquisition.v1beta.TilesService": _METRE}
_STACKS = {"zen_api.lm.acquisition.v1beta.ZStackService": _METRE}


@dataclass(frozen=True)
class ZenServices:
    """The services that are used.

    Attributes
    ----------
    stage, focus, experiments, streaming, tiles, stacks : str
        Full name of each.
    um_per_stage, um_per_focus : float
        µm in the unit of stage and focus.
    """

    stage: str
    focus: str
    experiments: str
    streaming: str
    tiles: str
    stacks: str
    um_per_stage: float
    um_per_focus: float

    @classmethod
    def choose(cls, offered: Collection[str]) -> Self:
        """Return the services to use, of those that ZEN offers.

        Parameters
        ----------
        offered : collection of str
            Their full names.

        Returns
        -------
        ZenServices
            One for each purpose.

        Raises
        ------
        ScopeError
            If one is missing, or offered only in a version that is not known.
        """
        stage, focus = _known(_STAGES, offered), _known(_FOCUS, offered)
        return cls(
            stage=stage,
            focus=focus,
            experiments=_known(_EXPERIMENTS, offered),
            streaming=_known(_STREAMING, offered),
            tiles=_known(_TILES, offered),
            stacks=_known(_STACKS, offered),
            um_per_stage=_STAGES[stage],
            um_per_focus=_FOCUS[focus],
        )


def _known(known: Mapping[str, float], offered: Collection[str]) -> str:
    """Return the preferred one of the services that are known and offered."""
    for name in known:
        if name in offered:
            return name
    suffixes = tuple(name.rpartition(".")[2] for name in known)
    similar = [name for name in offered if name.rpartition(".")[2] in suffixes]
    there = f"It offers {', '.join(sorted(similar))}." if similar else "It offers nothing like it."
    msg = (
        f"ZEN does not offer {' or '.join(known)}. {there} DySTrack does not guess units: use the "
        "ZEN Blue macro, and tell us this message."
    )
    raise ScopeError(msg)
