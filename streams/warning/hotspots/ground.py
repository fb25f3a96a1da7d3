"""The usual density of events over a city: what a disc of it normally has."""

from __future__ import annotations

from math import ceil, floor, pi

import numpy as np
from numpy.typing import NDArray

from streams.warning.hotspots.rules import HotspotRules

Field = NDArray[np.float64]
"""Something per cell; first index east, second north."""

_LEAST = 0.5
"""Past events that a disc has at least: an empty disc is not known to stay empty."""

_BLOCK = 4
"""Cells along a side of the blocks on which smoothings are compared."""


class Ground:
    """Events per cell of the past, and the share of the city's events that each disc has.

    The share is a compromise: the smoothed density where the city is smooth, the disc's own
    past where it is not. How smooth it is, is measured by foretelling the odd days' events
    from the even days'.

    Attributes:
        cell_km: side of a cell.
        west, south: corner of the extent, km.
        halves: events per cell on even and on odd days, forgetting.
        shares: for each radius the share of the city's events within that of a cell's centre.
        people: per cell how likely a hotspot is there; sums to 1.
        bandwidth_km, strength: smoothing in use, and events that the smoothed density is worth.
        learned: past events that the shares rest on.
    """

    def __init__(self, x_km: float, y_km: float, rules: HotspotRules) -> None:
        self.cell_km = rules.cell_km
        self.west = floor(x_km / self.cell_km) * self.cell_km
        self.south = floor(y_km / self.cell_km) * self.cell_km
        self.halves = np.zeros((2, 1, 1))
        self.radii = tuple(sorted({shape.radius_km for shape in rules.shapes}))
        self.shares = np.zeros((len(self.radii), 1, 1))
        self.people = np.ones((1, 1))
        self.bandwidth_km = rules.bandwidths_km[-1]
        self.strength = 1.0
        self.learned = 0.0
        self._rules = rules

    @property
    def size(self) -> tuple[int, int]:
        """Cells east and north."""
        return self.halves.shape[1], self.halves.shape[2]

    def reach(self, x_km: float, y_km: float) -> bool:
        """Widen the extent by whole cells until it has the point; whether that was needed.

        After that ``shares`` and ``people`` are of the old extent until the next ``refresh``.
        """
        if self._within(x_km, y_km):
            return False
        while not self._within(x_km, y_km):
            left = max(0, ceil((self.west - x_km) / self.cell_km))
            below = max(0, ceil((self.south - y_km) / self.cell_km))
            right = max(0, floor((x_km - self.west) / self.cell_km) - self.size[0] + 1)
            above = max(0, floor((y_km - self.south) / self.cell_km) - self.size[1] + 1)
            if (self.size[0] + left + right) * (self.size[1] + below + above) > (
                self._rules.most_cells
            ):
                self._coarsen()
                continue
            self.halves = np.pad(self.halves, ((0, 0), (left, right), (below, above)))
            self.west -= left * self.cell_km
            self.south -= below * self.cell_km
        return True

    def _within(self, x_km: float, y_km: float) -> bool:
        east = floor((x_km - self.west) / self.cell_km)
        north = floor((y_km - self.south) / self.cell_km)
        return 0 <= east < self.size[0] and 0 <= north < self.size[1]

    def _coarsen(self) -> None:
        """Cells of twice the side, on multiples of that side."""
        wide = self.cell_km * 2
        left = round((self.west - floor(self.west / wide + 1e-9) * wide) / self.cell_km)
        below = round((self.south - floor(self.south / wide + 1e-9) * wide) / self.cell_km)
        east, north = self.size
        self.west -= left * self.cell_km
        self.south -= below * self.cell_km
        padded = np.pad(
            self.halves, ((0, 0), (left, (east + left) % 2), (below, (north + below) % 2))
        )
        east, north = padded.shape[1] // 2, padded.shape[2] // 2
        self.halves = padded.reshape(2, east, 2, north, 2).sum(axis=(2, 4))
        self.cell_km = wide

    def cell(self, x_km: float, y_km: float) -> tuple[int, int]:
        """The cell of a point; of one beyond the extent, the nearest cell."""
        return (
            min(max(int((x_km - self.west) / self.cell_km), 0), self.size[0] - 1),
            min(max(int((y_km - self.south) / self.cell_km), 0), self.size[1] - 1),
        )

    def learn(self, x_km: float, y_km: float, day: int) -> None:
        """Count a past event."""
        self.halves[(day % 2, *self.cell(x_km, y_km))] += 1

    def forget(self, days: float) -> None:
        """Let the past count less."""
        self.halves *= 0.5 ** (days / self._rules.forget_days)

    def refresh(self, *, anew: bool = True) -> None:
        """Work the shares out again from what was learned.

        Args:
            anew: measure again how smooth the city is; that changes little from day to day.
        """
        cells = self.halves.sum(axis=0)
        self.shares = np.ones((len(self.radii), *self.size))
        self.people = np.full(self.size, 1 / cells.size)
        self.learned = float(cells.sum())
        if self.learned < 1:
            return
        if anew:
            self.bandwidth_km, self.strength = self._smoothing()
        smooth = self._smoothed(cells, self.bandwidth_km)
        for at, radius in enumerate(self.radii):
            disc = _disc(radius / self.cell_km)
            own, foretold = _spread(np.array((cells, smooth)), disc)
            foretold = np.maximum(foretold, _LEAST)
            self.shares[at] = foretold * (self.strength + own) / (self.strength + foretold)
        # As short as they are sure: what is kept of a city shrinks to half.
        self.shares = (self.shares / self.learned).astype(np.float32).astype(np.float64)
        self.follow()

    def follow(self) -> None:
        """Where a hotspot is how likely, from the shares; anywhere, before there are any."""
        follows = self._rules.of_people
        whole = float(self.shares[0].sum())
        people = self.shares[0] / whole if whole else np.full(self.shares[0].shape, 1.0)
        self.people = follows * people + (1 - follows) / people.size

    def _smoothing(self) -> tuple[float, float]:
        """The bandwidth that foretells odd days best from even ones, and how well it does."""
        even, odd = self.halves
        ratio = max(float(odd.sum()), 1e-9) / max(float(even.sum()), 1e-9)
        seen = _blocks(odd)
        best = (-np.inf, self._rules.bandwidths_km[-1], 1.0)
        for bandwidth in self._rules.bandwidths_km:
            foretold = np.maximum(_blocks(self._smoothed(even, bandwidth)) * ratio, 1e-3)
            fits = float((seen * np.log(foretold) - foretold).sum())
            if fits > best[0]:
                # Spread beyond chance: of the count itself, and of what was smoothed.
                side = _BLOCK * self.cell_km
                chance = foretold * (1 + ratio * side**2 / (4 * pi * bandwidth**2))
                beyond = float(((seen - foretold) ** 2 - chance).sum())
                unevenness = beyond / float((foretold**2).sum())
                best = (fits, bandwidth, 1 / min(max(unevenness, 0.005), 1.0))
        return best[1], best[2]

    def _smoothed(self, cells: Field, bandwidth_km: float) -> Field:
        """Gaussian smoothing that loses nothing beyond the extent."""
        spread = bandwidth_km / self.cell_km
        reach = ceil(3 * spread)
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
        within = [_spread(np.ones((1, long)), weights[None])[0] for long in cells.shape]
        found = _spread(cells, np.outer(weights, weights)) / np.outer(*within)
        total = float(found.sum())
        return np.asarray(found * (float(cells.sum()) / total) if total else found)


def _spread(fields: Field, kernel: Field) -> Field:
    """The convolution of each field with an odd-sided kernel, zero beyond the edge.

    Args:
        fields: the last two axes are the map's.
    """
    shape = [
        _handy(long + wide - 1) for long, wide in zip(fields.shape[-2:], kernel.shape, strict=True)
    ]
    whole: Field = np.fft.irfft2(np.fft.rfft2(fields, shape) * np.fft.rfft2(kernel, shape), shape)
    east, north = (wide // 2 for wide in kernel.shape)
    cut = whole[..., east : east + fields.shape[-2], north : north + fields.shape[-1]]
    return np.asarray(np.maximum(cut, 0.0))


def _handy(least: int) -> int:
    """The next length of which a Fourier transform is quick: only factors 2, 3 and 5."""
    found = least
    while True:
        rest = found
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return found
        found += 1


def _disc(radius: float) -> Field:
    """The part of each cell that lies within a disc around the middle cell's centre."""
    reach = ceil(radius + 0.5)
    fine = (np.arange((2 * reach + 1) * 8) + 0.5) / 8 - reach - 0.5
    inside = (fine[:, None] ** 2 + fine[None, :] ** 2 <= radius**2).astype(float)
    side = 2 * reach + 1
    return np.asarray(inside.reshape(side, 8, side, 8).mean(axis=(1, 3)))


def _blocks(field: Field) -> Field:
    """Sums over square blocks of cells."""
    beyond = [(0, -length % _BLOCK) for length in field.shape]
    wide = np.pad(field, beyond)
    east, north = wide.shape[0] // _BLOCK, wide.shape[1] // _BLOCK
    return np.asarray(wide.reshape(east, _BLOCK, north, _BLOCK).sum(axis=(1, 3)))
