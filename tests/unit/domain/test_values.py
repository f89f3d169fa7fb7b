"""What holds for every value of the domain."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

from profiles import domain
from profiles.domain.outcome import Erased, Rejected, Withheld

MODULES = [
    importlib.import_module(f"{domain.__name__}.{one.name}")
    for one in pkgutil.iter_modules(domain.__path__)
]
VALUES = [
    one
    for module in MODULES
    for one in vars(module).values()
    if dataclasses.is_dataclass(one) and isinstance(one, type) and one.__module__ == module.__name__
]


def test_the_values_are_found() -> None:
    assert {"Person", "PrivacyPolicy", "Rejected", "Tally"} <= {one.__name__ for one in VALUES}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_can_not_be_changed_and_nothing_can_be_hung_on_it(value: type) -> None:
    made: object = object.__new__(value)

    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, None)
    assert value.__hash__ is not None  # which only those have that can't be changed
    assert not hasattr(made, "__dict__")


@pytest.mark.parametrize(
    "value", [one for one in VALUES if one not in {Withheld, Rejected, Erased}]
)
def test_what_has_many_fields_is_made_by_their_names(value: type) -> None:
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        value(None)
