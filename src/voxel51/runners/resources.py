"""Resources: the processors, GPUs and memory that an attempt needs, or that a node has."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resources:
    """Amounts of each resource.

    Attributes:
        cpus: processors. 0 for attempts that run beside all others, such as renditions.
        gpus: GPUs.
        memory_bytes: memory; 0: it is not counted.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_bytes: int = 0

    def __add__(self, other: "Resources") -> "Resources":
        """Return the sum."""
        memory = self.memory_bytes + other.memory_bytes
        return Resources(self.cpus + other.cpus, self.gpus + other.gpus, memory)

    def __sub__(self, other: "Resources") -> "Resources":
        """Return the difference. Amounts may become negative."""
        memory = self.memory_bytes - other.memory_bytes
        return Resources(self.cpus - other.cpus, self.gpus - other.gpus, memory)

    def fits(self, free: "Resources") -> bool:
        """Return whether ``free`` has as much of everything. What is not needed may be exhausted."""
        return all(
            not needed or needed <= available
            for needed, available in (
                (self.cpus, free.cpus),
                (self.gpus, free.gpus),
                (self.memory_bytes, free.memory_bytes),
            )
        )

    def __str__(self) -> str:
        """Return the amounts as a phrase for users."""
        parts = [f"{self.cpus:g} CPU"]
        parts += [f"{self.gpus:g} GPU"] if self.gpus else []
        parts += [f"{self.memory_bytes / 2**30:.1f} GiB of memory"] if self.memory_bytes else []
        return ", ".join(parts)


NO_RESOURCES = Resources(0.0, 0.0, 0)
