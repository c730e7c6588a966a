from concurrent.futures import ThreadPoolExecutor

from lyceum.core.limits import Bucket, headers, take


def test_of_64_at_once_exactly_the_quota_passes() -> None:
    bucket = Bucket("ask", "user:1", 30, 3600)
    with ThreadPoolExecutor(16) as pool:
        verdicts = list(pool.map(lambda _: take([bucket]), range(64)))
    assert sum(verdict.wait == 0 for verdict in verdicts) == 30
    refused = next(verdict for verdict in verdicts if verdict.wait)
    assert 0 < refused.wait <= 120


def test_a_refusal_charges_no_class() -> None:
    small, large = Bucket("send", "user:1", 1, 60), Bucket("api", "user:1", 100, 60)
    take([large, small])
    refused = take([large, small])
    assert refused.wait > 0
    assert refused.left == (99, 0)
    assert take([large]).left == (98,)


def test_the_headers_tell_every_class() -> None:
    buckets = [Bucket("api", "user:1", 100, 60), Bucket("send", "user:1", 10, 60)]
    told = headers(buckets, take(buckets))
    assert told["RateLimit-Policy"] == '"api";q=100;w=60, "send";q=10;w=60'
    assert told["RateLimit"] == '"api";r=99;t=1, "send";r=9;t=6'
