from pathlib import Path

import pytest

from lyceum.config import production
from lyceum.config.env import Environment, SettingError, given, read
from lyceum.config.settings import mail

KEY = "k" * 50


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "STORAGE_URL", "EMAIL_URL", "ALLOWED_HOSTS"]
)
def test_every_variable_may_come_from_a_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    value = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "REDIS_URL": "redis://h",
        "STORAGE_URL": "s3://k:s@h/bucket",
        "EMAIL_URL": "smtp://h",
    }.get(name, KEY)
    (tmp_path / "value").write_text(f"{value}\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "value"))
    assert getattr(read(), name) == value
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=f"{name} and {name}_FILE are both set"):
        read()
    monkeypatch.delenv(name)
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingError, match=f"{name}_FILE names .*none, which cannot be read"):
        given(name)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEBUG", "perhaps", "DEBUG: "),
        ("EPHEMERAL_HOURS", "0", "EPHEMERAL_HOURS: "),
        ("EMAIL_VERIFICATION", "sometimes", "EMAIL_VERIFICATION: .*'optional' or 'required'"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "TRUSTED_PROXIES: proxy is no address or network"),
        ("CORS_ALLOWED_ORIGINS", "https://a.example/path", "CORS_ALLOWED_ORIGINS: .* is no origin"),
        ("DATABASE_URL", "mysql://h/d", "DATABASE_URL: use postgresql://"),
        ("REDIS_URL", "localhost:6379", "REDIS_URL: use redis://"),
        ("EMAIL_URL", "mail.example", "EMAIL_URL: use smtp://"),
        ("STORAGE_URL", "/srv/files", "STORAGE_URL: use s3://bucket, .* or file:///path"),
        ("STORAGE_URL", "file://srv/files", "STORAGE_URL: use file:///path, with three slashes"),
        ("STORAGE_URL", "s3://key:se/cret@s3.example/bucket", "STORAGE_URL: write / in a secret as %2F"),
        ("STORAGE_URL", "s3://key@s3.example/bucket", "STORAGE_URL: give a key with its secret, or neither"),
        ("STORAGE_URL", "s3://s3.example/b?regoin=x", "STORAGE_URL: regoin is none of its options, .* region, tls"),
        ("STORAGE_URL", "s3://s3.example/bucket?tls=no", "STORAGE_URL: tls is true or false"),
        ("STORAGE_URL", "s3://s3.example/bucket/../up", "STORAGE_URL: the path after the bucket is a plain one"),
        ("STORAGE_URL", "s3://s3.example:9000", "STORAGE_URL: use s3://bucket"),
        ("PUBLIC_URL", "lyceum.example", "PUBLIC_URL: use an address"),
        ("PAYMENT_WEBHOOK_SECRET", "whsec_c2hvcnQ=", "PAYMENT_WEBHOOK_SECRET: use whsec_ followed by 24"),
        ("LYCEUM_HOEM", "/x", "LYCEUM_HOEM is no setting of Lyceum. Did you mean LYCEUM_HOME?"),
        ("LYCEUM_SECRET_KEY", "x", "Did you mean SECRET_KEY?"),
        ("LYCEUM_ZZZ", "x", "LYCEUM_ZZZ is no setting of Lyceum. Take it away"),
    ],
)
def test_what_cannot_be_right_is_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=said):
        read()


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYCEUM_HOEM", "/x")
    monkeypatch.setenv("DEBUG", "perhaps")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(SettingError) as told:
        read()
    assert len(str(told.value).splitlines()) == 3


SAFE = {
    "PUBLIC_URL": "https://lyceum.example.org",
    "ALLOWED_HOSTS": ".example.org",
    "DATABASE_URL": "postgresql://u:p@db.example/d?sslmode=verify-full",
    "REDIS_URL": "rediss://:p@cache.example",
}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({}, ""),
        ({"DEBUG": "true"}, "DEBUG"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://lyceum.example.org"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "https://other.example"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"CORS_ALLOWED_ORIGINS": "*"}, "CORS_ALLOWED_ORIGINS"),
        ({"TRUSTED_PROXIES": "0.0.0.0/0"}, "TRUSTED_PROXIES"),
        ({"LIMITS_ENABLED": "false"}, "LIMITS_ENABLED"),
        ({"EMAIL_VERIFICATION": "required"}, "EMAIL_VERIFICATION"),
        ({"EMAIL_VERIFICATION": "required", "EMAIL_URL": "smtps://u:p@mail.example"}, ""),
        ({"DATABASE_URL": "postgresql://u:p@db.example/d"}, "DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://u:p@/d?host=%2Frun%2Fpostgres"}, ""),
        ({"REDIS_URL": "redis://cache.example"}, "REDIS_URL"),
        ({"REDIS_URL": "unix:///run/valkey.sock"}, ""),
        ({"STORAGE_URL": "s3://k:s@files.example/notes?tls=false"}, "STORAGE_URL"),
        ({"STORAGE_URL": "s3://k:s@127.0.0.1:9000/notes?tls=false"}, ""),
        ({"STORAGE_URL": "s3://notes"}, ""),
    ],
)
def test_production_refuses_what_is_unsafe_and_names_it(
    changed: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**SAFE, "SECRET_KEY": KEY, **changed}.items():
        monkeypatch.setenv(name, value)
    environment = read()
    assert [fault.split()[0].split("=")[0] for fault in production.faults(environment, environment.SECRET_KEY)] == (
        [named] if named else []
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", False, False)),
        ("smtp+tls://u%40x:p%2Fw@mail.example", ("mail.example", 587, "u@x", True, False)),
        ("smtps://u:p@mail.example:4650", ("mail.example", 4650, "u", False, True)),
    ],
)
def test_mail_servers_are_read_with_their_kind_of_tls(url: str, expected: tuple[object, ...]) -> None:
    found = mail(url)
    names = ("EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
    assert tuple(found[name] for name in names) == expected
