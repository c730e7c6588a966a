import pytest

from lyceum.core.breakers import Breaker, Open


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def call(breaker: Breaker, error: Exception | None = None) -> str:
    """Say what became of a call that ends so."""
    try:
        with breaker.guard():
            if error is not None:
                raise error
    except Open:
        return "not asked"
    except (OSError, ValueError) as err:
        return type(err).__name__
    return "answered"


def test_it_opens_after_failures_in_a_row_and_one_call_alone_finds_out() -> None:
    clock = Clock()
    breaker = Breaker((OSError,), most=3, seconds=5, clock=clock)
    assert [call(breaker, OSError()) for _ in range(2)] == ["OSError"] * 2
    assert call(breaker) == "answered"
    assert [call(breaker, OSError()) for _ in range(3)] == ["OSError"] * 3
    assert call(breaker) == "not asked"
    clock.now += 5
    with pytest.raises(OSError), breaker.guard():
        assert call(breaker) == "not asked"
        raise OSError
    assert call(breaker) == "not asked"
    clock.now += 5
    assert [call(breaker), call(breaker)] == ["answered", "answered"]


def test_a_fault_of_the_question_says_that_the_server_answers() -> None:
    breaker = Breaker((OSError,), most=2, seconds=5, clock=Clock())
    assert [call(breaker, error) for error in (OSError(), ValueError(), OSError())] == [
        "OSError",
        "ValueError",
        "OSError",
    ]
    assert call(breaker) == "answered"


def test_it_says_how_long_nobody_is_asked() -> None:
    clock = Clock()
    breaker = Breaker((OSError,), most=1, seconds=5, clock=clock)
    call(breaker, OSError())
    clock.now += 2
    with pytest.raises(Open) as refused, breaker.guard():
        raise AssertionError("nobody is let through")
    assert refused.value.seconds == 3
