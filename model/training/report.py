"""What an evaluation found, each figure with its unit."""

from dataclasses import asdict, dataclass

from rich.table import Table

from model.training.windows import Protocol

_ROWS = {
    "mpvpe_mm": ("MPVPE", "mm"),
    "mpjpe_mm": ("MPJPE", "mm"),
    "pa_mpjpe_mm": ("PA-MPJPE", "mm"),
    "acceleration_mm_per_frame2": ("acceleration error", "mm/frame²"),
    "acceleration_m_per_s2": ("acceleration error", "m/s²"),
    "jitter_mm_per_frame3": ("jitter", "mm/frame³"),
    "true_jitter_mm_per_frame3": ("jitter of the truth", "mm/frame³"),
}


@dataclass(frozen=True)
class Report:
    """Means over the frames that were counted; None where no frame had the truth for it.

    Attributes:
        protocol: Which frames count.
        frames: Of the set.
        counted: Of them, those that were measured; some twice in the published protocol.
        mpvpe_mm: Distance of vertices, both meshes about their pelvis.
        mpjpe_mm: Distance of J14 joints, both sides about their hips.
        pa_mpjpe_mm: The same after the best similarity.
        acceleration_mm_per_frame2: Difference of accelerations.
        acceleration_m_per_s2: The same, where the frame rate is known.
        jitter_mm_per_frame3: Third difference of the predicted joints.
        true_jitter_mm_per_frame3: Of the true ones, to read the former against.
    """

    protocol: Protocol
    frames: int
    counted: int
    mpvpe_mm: float | None
    mpjpe_mm: float | None
    pa_mpjpe_mm: float | None
    acceleration_mm_per_frame2: float | None
    acceleration_m_per_s2: float | None
    jitter_mm_per_frame3: float | None
    true_jitter_mm_per_frame3: float | None

    @property
    def coverage(self) -> float:
        """Counted frames over frames."""
        return self.counted / self.frames if self.frames else 0.0

    def figures(self) -> dict[str, float]:
        """The figures that are known, by name with unit, as a model card lists them."""
        values = {name: asdict(self)[name] for name in _ROWS}
        return {name: value for name, value in values.items() if value is not None} | {
            "coverage": self.coverage
        }

    def table(self) -> Table:
        """For people."""
        table = Table(title=f"protocol: {self.protocol}")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_column("unit")
        for name, (title, unit) in _ROWS.items():
            value = getattr(self, name)
            table.add_row(title, "not known" if value is None else f"{value:.2f}", unit)
        covered = f"{self.counted} of {self.frames}"
        table.add_row("frames counted", covered, f"{100 * self.coverage:.1f} %")
        return table
