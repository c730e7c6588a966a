"""What people may not hear of groups that they joined late: whatever is numbered up to where they joined."""


class Floors:
    """The number up to which each person hears nothing of a group; most people have none."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, int]] = {}
        self._highest: dict[str, int] = {}

    def put(self, group: str, person: str, above: int) -> None:
        """Let a person hear of a group only what is numbered above this."""
        if above:
            self._of.setdefault(group, {})[person] = above
        elif group not in self._of or self._of[group].pop(person, None) is None:
            return
        self._highest[group] = max(self._of[group].values(), default=0)

    def forget(self, group: str) -> None:
        """Forget a group that nobody hears any more."""
        if self._of.pop(group, None) is not None:
            del self._highest[group]

    def hides(self, group: str, sequence: int) -> bool:
        """Say whether something numbered so is hidden from anybody."""
        return 0 < sequence <= self._highest.get(group, 0)

    def hides_from(self, group: str, person: str, sequence: int) -> bool:
        return 0 < sequence <= self._of.get(group, {}).get(person, 0)
