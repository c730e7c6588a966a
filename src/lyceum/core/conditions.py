"""What a change may be bound to: a check that sees the locked row, and raises when it is not the one that was read."""


def unbound(row: object) -> None:
    """Bind a change to no state of what it changes."""
