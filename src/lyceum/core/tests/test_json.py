import pytest

from lyceum.core.ids import uuid7
from lyceum.core.json import MalformedBody, parse


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "-Infinity",
        '{"a": 1, "a": 2}',
        "[" * 33 + "]" * 33,
        "[" * 100_000,
        "{" + ", ".join(f'"{n}": 1' for n in range(1001)) + "}",
        b"\xff",
    ],
)
def test_what_readers_differ_on_is_refused(text: str | bytes) -> None:
    with pytest.raises(MalformedBody):
        parse(text)


def test_brackets_inside_text_are_no_depth() -> None:
    assert parse('{"a": "' + "[" * 100 + '"}') == {"a": "[" * 100}


def test_ids_rise_with_time_and_say_their_version() -> None:
    ids = [uuid7() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {found.version for found in ids} == {7}
    assert [i.int >> 80 for i in ids] == sorted(i.int >> 80 for i in ids)
