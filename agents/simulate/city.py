"""The made-up city itself: its streets, the places people speak of, its devices."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from agents.simulate.acts import Device, Spot
from streams.policy import Policy

PLACE_NAMES = (
    "菜市场门口",
    "小学门口",
    "公交站旁",
    "地铁口",
    "社区广场",
    "医院门前",
    "商业街",
    "河边步道",
    "老旧小区",
    "写字楼下",
    "停车场入口",
    "十字路口东北角",
    "下穿隧道口",
    "农贸巷",
    "公园南门",
)

FLEET = (
    # class, property, unit, how many (D)
    ("manhole_tilt", "tilt", "deg", 300),
    ("gas_pipe_probe", "lel", "%", 150),
    ("utility_tunnel_gas", "lel", "%", 40),
    ("road_water", "depth", "cm", 200),
    ("rain_gauge", "rain", "mm", 60),
)


class SimulatedCity:
    """Streets with their people, places and devices, laid out by a seed.

    Args:
        policy: whose areas are lived in; streets without a cell have no places.
        seed: of the layout.
        within: a district, to have its streets alone; None for the whole city.
    """

    def __init__(self, policy: Policy, seed: int, within: str | None = None) -> None:
        self.policy = policy
        self.code = policy.areas.city
        rng = Random(f"{seed}/city")
        self.streets = tuple(
            street
            for street in policy.areas.streets
            if policy.areas.centre(street) is not None
            and within in (None, policy.areas.parent(street))
        )
        populations = {
            street.code: street.population or 60_000
            for district in policy.areas.districts
            for street in district.streets
        }
        self.people = sum(populations[street] for street in self.streets)
        self._weights = list(accumulate(populations[street] for street in self.streets))
        self.districts = tuple(
            code for code in policy.areas.children(self.code) if policy.areas.children(code)
        )
        self.devices = tuple(
            Device(f"{kind}-{number:04}", kind, observed, unit, self.spot(rng))
            for kind, observed, unit, count in FLEET
            if kind in policy.devices
            for number in range(count)
        )

    def district(self, street: str) -> str:
        """The district of a street."""
        return self.policy.areas.parent(street) or self.code

    def street(self, rng: Random) -> str:
        """A street, where more people live more often."""
        return rng.choices(self.streets, cum_weights=self._weights)[0]

    def spot(self, rng: Random, street: str | None = None) -> Spot:
        """A place in a street, or anywhere in the city."""
        code = street or self.street(rng)
        lat, lon = self._point(code, rng)
        number = rng.randrange(1, 200)
        name = self.policy.areas.name(code)
        return Spot(code, lat, lon, f"{name}{number}号{rng.choice(PLACE_NAMES)}")

    def _point(self, street: str, rng: Random) -> tuple[float, float]:
        """A point of the street's own cells; its centre when chance does not find one."""
        centre = self.policy.areas.centre(street)
        assert centre is not None
        for _ in range(12):
            lat = round(centre[0] + rng.gauss(0, 0.012), 6)
            lon = round(centre[1] + rng.gauss(0, 0.012), 6)
            if self.policy.areas.locate(lat, lon) == street:
                return lat, lon
        return centre
