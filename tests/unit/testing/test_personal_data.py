from __future__ import annotations

import pytest

from profiles.testing import assert_no_personal_data

ADA = {"email": "ada.byron@example.com", "login": {"username": "orangefrog42"}}
BEA = {"email": "bea.byron@example.com"}


def test_a_text_that_tells_of_nobody_passes() -> None:
    try:
        assert_no_personal_data("stored 2, withheld 1", [ADA, BEA])
    except AssertionError as failure:
        pytest.fail(str(failure))


def test_a_failure_names_fields_and_indices_and_no_value() -> None:
    text = 'GET /?mail=bea.byron%40example.com HTTP/1.1 by "orangefrog42"'

    with pytest.raises(AssertionError) as failure:
        assert_no_personal_data(text, [ADA, BEA])

    assert str(failure.value) == (
        "Personal data: the text holds login.username of record 0 (plain),"
        " email of record 1 (URL-quoted)."
    )


def test_a_message_of_no_json_has_no_field_to_name() -> None:
    with pytest.raises(AssertionError, match=r"the text holds a text of record 0 \(plain\)\."):
        assert_no_personal_data("by orangefrog42", [b'{"username":"orangefrog42"'])


def test_of_many_the_first_ten_are_named() -> None:
    with pytest.raises(AssertionError, match=r"record 9 \(plain\) and 2 more\.$"):
        assert_no_personal_data(str(BEA), [BEA] * 12)
