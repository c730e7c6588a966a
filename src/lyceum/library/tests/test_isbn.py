import pytest

from lyceum.library import isbn


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("978-0-306-40615-7", "9780306406157"),
        ("9780306406157", "9780306406157"),
        ("0-306-40615-2", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("080442957x", "9780804429573"),
        ("978\u20110\u2011306\u201140615\u20117", "9780306406157"),
        ("9780306406158", None),
        ("0306406153", None),
        ("1234567890123", None),
        ("", None),
        ("٩٧٨٠٣٠٦٤٠٦١٥٧", None),
    ],
)
def test_an_isbn_is_known_however_it_is_written(written: str, kept: str | None) -> None:
    assert isbn.normal(written) == kept
