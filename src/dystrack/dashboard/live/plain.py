"""Values as JSON that every browser reads: what is not finite is null."""

import json
import math
from typing import Any

__all__ = ["dumped"]


def dumped(value: Any) -> str:
    """Return a value as JSON; what a journal holds may be no number at all."""
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
