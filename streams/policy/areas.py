"""The areas of the city: streets in districts in one city, and the table of cells."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from math import floor

from pydantic import Field, model_validator

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
    population: int | None = Field(default=None, ge=0)


class CityArea(Section):
    """The city as a whole."""

    code: Code = Field(min_length=1, max_length=40)
    name: Text
    population: int | None = Field(default=None, ge=0)


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

    @model_validator(mode="after")
    def _sound(self) -> Areas:
        """Refuse a code used twice, a fallback that is no district, cells of unknown streets."""
        codes = [self.city]
        for district in self.districts:
            codes.append(district.code)
            codes += [street.code for street in district.streets]
        for code, count in Counter(codes).items():
            if count > 1:
                raise ValueError(f"the code {code!r} stands for {count} areas, wanted one")
        if not self.fallback:
            object.__setattr__(self, "fallback", self.districts[0].code)
        if self.tiers.get(self.fallback) != "district":
            raise ValueError(f"fallback: got {self.fallback!r}, wanted the code of a district")
        known = len(self.streets)
        for y, row in enumerate(self.cells.expand() if self.cells is not None else ()):
            if row and max(row) >= known:
                raise ValueError(f"cells: row {y} names street {max(row)}, wanted 0 to {known - 1}")
        return self

    # The tables are plain attributes of the instance after their first use: a private
    # attribute of a pydantic model costs more than the lookup itself.

    @cached_property
    def tiers(self) -> dict[Code, Tier]:
        """The tier of every area."""
        table: dict[Code, Tier] = {self.city: "city"}
        table.update((district.code, "district") for district in self.districts)
        table.update((street, "street") for street in self.streets)
        return table

    @cached_property
    def parents(self) -> dict[Code, Code]:
        """The area above every area but the city."""
        table = {district.code: self.city for district in self.districts}
        table.update((s.code, d.code) for d in self.districts for s in d.streets)
        return table

    @cached_property
    def texts(self) -> dict[Code, Text]:
        """What every area is called."""
        table = {self.city: self.city_area.name}
        for district in self.districts:
            table[district.code] = district.name
            table.update((street.code, street.name) for street in district.streets)
        return table

    @cached_property
    def below(self) -> dict[Code, tuple[Code, ...]]:
        """The areas directly below the city and each district."""
        table = {d.code: tuple(street.code for street in d.streets) for d in self.districts}
        table[self.city] = tuple(district.code for district in self.districts)
        return table

    @cached_property
    def grid(self) -> list[list[Code | None]]:
        """The street of each cell, rows from south to north."""
        if self.cells is None:
            return []
        streets = self.streets
        return [
            [None if number < 0 else streets[number] for number in row]
            for row in self.cells.expand()
        ]

    @cached_property
    def centres(self) -> dict[Code, tuple[float, float]]:
        """The middle of each street's cells."""
        cells = self.cells
        sums: dict[Code, tuple[float, float, int]] = {}
        for y, row in enumerate(self.grid):
            for x, code in enumerate(row):
                if code is not None:
                    lat, lon, n = sums.get(code, (0.0, 0.0, 0))
                    sums[code] = (lat + y + 0.5, lon + x + 0.5, n + 1)
        if cells is None:
            return {}
        return {
            code: (
                round(cells.south + lat / n * cells.step_lat, 5),
                round(cells.west + lon / n * cells.step_lon, 5),
            )
            for code, (lat, lon, n) in sums.items()
        }

    @property
    def city(self) -> Code:
        """The code of the city."""
        return self.city_area.code

    @cached_property
    def streets(self) -> tuple[Code, ...]:
        """All streets, district by district."""
        return tuple(street.code for district in self.districts for street in district.streets)

    @cached_property
    def populations(self) -> dict[Code, int]:
        """How many people live in an area, as far as that is known.

        Where a district or the city does not say, it is the sum of the areas below, if all
        of those say; a mere desk is nobody's home.
        """
        table: dict[Code, int] = {}
        known = True
        for district in self.districts:
            own = [street.population for street in district.streets]
            for street in district.streets:
                if street.population is not None:
                    table[street.code] = street.population
            total = district.population
            if total is None and own and None not in own:
                total = sum(each for each in own if each is not None)
            if total is not None:
                table[district.code] = total
            known = known and (total is not None or not own)
        city = self.city_area.population
        if city is None and known:
            city = sum(table.get(district.code, 0) for district in self.districts) or None
        if city is not None:
            table[self.city] = city
        return table

    def population(self, code: Code) -> int | None:
        """How many people live in an area; None where nobody says."""
        return self.populations.get(code)

    def desks(self, code: Code) -> int:
        """How many desks an area has, its own and all below."""
        return 1 + sum(self.desks(each) for each in self.children(code))

    def tier_of(self, code: Code) -> Tier | None:
        """Which tier an area belongs to; None for a code nobody has."""
        return self.tiers.get(code)

    def parent(self, code: Code) -> Code | None:
        """The area above; None for the city and for unknown codes."""
        return self.parents.get(code)

    def children(self, code: Code) -> tuple[Code, ...]:
        """The areas directly below, in the order of the table."""
        return self.below.get(code, ())

    def name(self, code: Code) -> str:
        """What the area is called in Chinese; the code itself if it is unknown."""
        text = self.texts.get(code)
        return code if text is None else text.zh

    def text(self, code: Code) -> Text | None:
        """What the area is called in both languages."""
        return self.texts.get(code)

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
        if y < 0 or x < 0 or y >= len(self.grid):
            return None
        row = self.grid[y]
        return row[x] if x < len(row) else None

    def centre(self, street: Code) -> tuple[float, float] | None:
        """The middle of a street's cells, (lat, lon) in degrees; it may lie outside of it."""
        return self.centres.get(street)
