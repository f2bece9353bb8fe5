"""Questions to a person in the terminal, and what they should read."""

import sys

__all__ = ["is_yes", "say"]

_YES = frozenset({"y", "yes", "j", "ja", "o", "oui"})


def is_yes(question: str) -> bool:
    """Ask, and return whether the answer was yes; without a person, it is no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in _YES
    except EOFError:
        sys.stdout.write("\n")
        return False


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
