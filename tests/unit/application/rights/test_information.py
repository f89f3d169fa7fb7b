"""What a person is told beside the data follows from the policy in force."""

from __future__ import annotations

from profiles.application.rights.information import rights_under
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.policy_settings import read_policy
from profiles.domain.profile import Profile


def fields_by_right(basis: str) -> dict[str, list[str] | None]:
    policy = read_policy({"legal_basis": basis}, [])
    return {right["right"]: right["fields"] for right in rights_under(policy)}


def test_rights_that_depend_on_a_legal_basis_name_the_fields_that_rest_on_it() -> None:
    rights = {right["right"]: right for right in rights_under(DEFAULT_POLICY)}

    assert list(rights) == [
        *("access", "rectification", "erasure", "restriction"),
        *("portability", "objection", "complaint"),
    ]
    assert "gender" in rights["objection"]["fields"]
    assert "gender" not in rights["portability"]["fields"]
    assert "email" in rights["portability"]["fields"]
    assert rights["erasure"]["fields"] is None
    assert rights["objection"]["article"] == "GDPR Art. 21"


def test_consent_can_be_withdrawn_and_what_rests_on_it_taken_elsewhere() -> None:
    rights = fields_by_right("consent")

    assert rights["withdrawal of consent"] == list(Profile._fields)
    assert rights["portability"] == list(Profile._fields)
    assert "objection" not in rights


def test_where_a_law_asks_for_all_fields_there_is_nothing_to_object_to_or_to_take_away() -> None:
    assert list(fields_by_right("legal_obligation")) == [
        *("access", "rectification", "erasure", "restriction", "complaint")
    ]
