from collections.abc import Iterator

import pytest
from pydantic import BaseModel, PrivateAttr

from agents.runtime.attributes import read_as_before, read_plainly
from schemas.terms import Actor


class Foreign(BaseModel):
    """A model of some library, with what ours do not have."""

    seen: int = 0
    _secret: int = PrivateAttr(default=7)


class Open(BaseModel, extra="allow"):
    """A model that takes unknown fields."""


def has_hook(model: type[BaseModel]) -> bool:
    return any("__getattr__" in vars(base) for base in model.__mro__)


@pytest.fixture(autouse=True)
def plainly() -> Iterator[None]:
    read_plainly()
    yield
    read_as_before()


def test_a_model_of_ours_has_no_hook_and_still_knows_what_it_lacks() -> None:
    assert not has_hook(Actor)
    actor = Actor(id="zhang")
    assert actor.id == "zhang"
    with pytest.raises(AttributeError, match="has no attribute 'name'"):
        _ = actor.name  # type: ignore[attr-defined]


def test_private_attributes_and_unknown_fields_of_others_are_found_as_before() -> None:
    assert Foreign()._secret == 7
    assert Open.model_validate({"what": "more"}).what == "more"  # type: ignore[attr-defined]


def test_twice_is_once_and_it_can_be_undone() -> None:
    read_plainly()
    read_as_before()
    assert has_hook(Actor)
    assert Foreign()._secret == 7
