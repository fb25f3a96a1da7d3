"""The areas of the city: streets in districts in one city, and the table of cells."""

from __future__ import annotations

from math import floor

from pydantic import Field, PrivateAttr, model_validator

from schemas.terms import Tier
from streams.policy.section import Section, Text

Code = str
"""An area code as the city writes it. Parents come from the table, never from a prefix."""


class Street(Section):
    """A street or town (街道, 镇): the lowest tier that has a desk of its own."""

    code: Code = Field(min_length=1, max_length=40)
    name: Text
    population: int | None = Field(default=None, ge=0)


class District(Section):
    """A district or county (区, 县) with its streets; one without streets is a mere desk."""

    code: Code = Field(min_length=1, max_length=40)
    name: Text
    streets: tuple[Street, ...] = ()


class CityArea(Section):
    """The city as a whole."""

    code: Code = Field(min_length=1, max_length=40)
    name: Text


class Cells(Section):
    """Which street a point lies in, as a lattice of small cells.

    ``rows`` run from south to north, each a text of runs from west to east: ``3*12``
    is twelve cells of the third street of the table (counted from 0 over all districts
    in their order), ``.*5`` five cells of nobody, ``3`` one cell.

    Attributes:
        south, west: corner of the first cell, WGS 84 degrees.
        step_lat, step_lon: size of a cell, degrees, > 0.
    """

    south: float = Field(ge=-90, le=90)
    west: float = Field(ge=-180, le=180)
    step_lat: float = Field(gt=0, le=10)
    step_lon: float = Field(gt=0, le=10)
    rows: tuple[str, ...]

    def expand(self) -> list[list[int]]:
        """The street number of each cell, row by row, -1 for nobody.

        Raises:
            ValueError: a run is not ``<street number or .>*<count>``.
        """
        table: list[list[int]] = []
        for number, text in enumerate(self.rows):
            row: list[int] = []
            for run in text.split():
                owner, _, count = run.partition("*")
                try:
                    row += [-1 if owner == "." else int(owner)] * (int(count) if count else 1)
                except ValueError:
                    raise ValueError(
                        f'row {number}: got {run!r}, wanted runs such as "3*12" or ".*5"'
                    ) from None
            table.append(row)
        return table


class Areas(Section):
    """Streets, districts and city as one table; every lookup is one dictionary access.

    Attributes:
        fallback: the district-tier desk that receives what nobody can place (E5).
    """

    city_area: CityArea = Field(alias="city")
    districts: tuple[District, ...] = Field(min_length=1)
    fallback: Code = ""
    cells: Cells | None = None

    _tiers: dict[Code, Tier] = PrivateAttr(default_factory=dict)
    _parents: dict[Code, Code] = PrivateAttr(default_factory=dict)
    _names: dict[Code, Text] = PrivateAttr(default_factory=dict)
    _children: dict[Code, tuple[Code, ...]] = PrivateAttr(default_factory=dict)
    _grid: list[list[Code | None]] = PrivateAttr(default_factory=list)
    _centres: dict[Code, tuple[float, float]] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _index(self) -> Areas:
        """Build the lookups; refuse a code used twice and cells of unknown streets."""
        self._add(self.city_area.code, self.city_area.name, "city", None)
        for district in self.districts:
            self._add(district.code, district.name, "district", self.city)
            for street in district.streets:
                self._add(street.code, street.name, "street", district.code)
            self._children[district.code] = tuple(street.code for street in district.streets)
        self._children[self.city] = tuple(district.code for district in self.districts)
        if not self.fallback:
            object.__setattr__(self, "fallback", self.districts[0].code)
        if self._tiers.get(self.fallback) != "district":
            raise ValueError(f"fallback: got {self.fallback!r}, wanted the code of a district")
        if self.cells is not None:
            self._spread(self.cells)
        return self

    def _add(self, code: Code, name: Text, tier: Tier, parent: Code | None) -> None:
        if code in self._tiers:
            raise ValueError(f"the code {code!r} stands for two areas, wanted one")
        self._tiers[code] = tier
        self._names[code] = name
        if parent is not None:
            self._parents[code] = parent

    def _spread(self, cells: Cells) -> None:
        streets = self.streets
        sums: dict[Code, tuple[float, float, int]] = {}
        for y, numbers in enumerate(cells.expand()):
            row: list[Code | None] = []
            for x, number in enumerate(numbers):
                if number >= len(streets):
                    raise ValueError(
                        f"cells: row {y} names street {number}, wanted 0 to {len(streets) - 1}"
                    )
                code = None if number < 0 else streets[number]
                row.append(code)
                if code is not None:
                    lat, lon, n = sums.get(code, (0.0, 0.0, 0))
                    sums[code] = (lat + y + 0.5, lon + x + 0.5, n + 1)
            self._grid.append(row)
        for code, (lat, lon, n) in sums.items():
            self._centres[code] = (
                round(cells.south + lat / n * cells.step_lat, 5),
                round(cells.west + lon / n * cells.step_lon, 5),
            )

    @property
    def city(self) -> Code:
        """The code of the city."""
        return self.city_area.code

    @property
    def streets(self) -> tuple[Code, ...]:
        """All streets, district by district."""
        return tuple(street.code for district in self.districts for street in district.streets)

    def tier_of(self, code: Code) -> Tier | None:
        """Which tier an area belongs to; None for a code nobody has."""
        return self._tiers.get(code)

    def parent(self, code: Code) -> Code | None:
        """The area above; None for the city and for unknown codes."""
        return self._parents.get(code)

    def children(self, code: Code) -> tuple[Code, ...]:
        """The areas directly below, in the order of the table."""
        return self._children.get(code, ())

    def name(self, code: Code) -> str:
        """What the area is called in Chinese; the code itself if it is unknown."""
        text = self._names.get(code)
        return code if text is None else text.zh

    def text(self, code: Code) -> Text | None:
        """What the area is called in both languages."""
        return self._names.get(code)

    def locate(self, lat: float, lon: float) -> Code | None:
        """The street a point lies in, by the cell table; None outside of it.

        Args:
            lat, lon: WGS 84 degrees.
        """
        cells = self.cells
        if cells is None:
            return None
        y = floor((lat - cells.south) / cells.step_lat)
        x = floor((lon - cells.west) / cells.step_lon)
        if y < 0 or x < 0 or y >= len(self._grid):
            return None
        row = self._grid[y]
        return row[x] if x < len(row) else None

    def centre(self, street: Code) -> tuple[float, float] | None:
        """The middle of a street's cells, (lat, lon) in degrees; it may lie outside of it."""
        return self._centres.get(street)
