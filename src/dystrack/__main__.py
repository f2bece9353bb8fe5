"""``python -m dystrack`` is the `dystrack` command."""

from dystrack.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
