import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from lyceum.config import settings
from lyceum.config.storage import Bucket, parse


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("", None),
        ("file:///srv/my%20files", Path("/srv/my files")),
        ("s3://field-notes", Bucket("field-notes")),
        ("s3://Field_Notes/?region=eu-central-1", Bucket("Field_Notes", region="eu-central-1")),
        ("s3://KEY:a%2Fb%3Ac@notes", Bucket("notes", key="KEY", secret="a/b:c")),
        (
            "s3://KEY:SECRET@minio.internal:9000/notes?tls=false",
            Bucket("notes", "", "http://minio.internal:9000", "us-east-1", "path", "KEY", "SECRET"),
        ),
        (
            "s3://objects.example/notes/lyceum/2026/?region=nl-1&addressing=virtual",
            Bucket("notes", "lyceum/2026/", "https://objects.example", "nl-1", "virtual"),
        ),
        ("s3://[::1]:9000/notes", Bucket("notes", "", "https://[::1]:9000", "us-east-1", "path")),
    ],
)
def test_one_address_says_where_files_are(address: str, place: Bucket | Path | None) -> None:
    assert parse(address) == place


def test_no_refusal_repeats_the_secret() -> None:
    for address in (
        "s3://key:hush/hush@host/b",
        "s3://key:hush@host/b?x=1",
        "s3://key:hush@host:9/",
        "x://hush",
        # Becomes a slash in the form that addresses are compared in, and is refused with all that stands before it.
        "s3://key:hush\uff0fhush@host/b",
        "s3://key:hush@[host]/b",
    ):
        with pytest.raises(ValueError) as refused:
            parse(address)
        assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_a_start_that_is_refused_repeats_no_secret_either() -> None:
    environment = {**os.environ, "STORAGE_URL": "s3://key:hush\uff0fhush@host/b", "SECRET_KEY": "short-hush"}
    program = "from lyceum.config import settings"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "STORAGE_URL: use s3://bucket" in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.parametrize("host", ["minio_1:9000", "-minio", "minio-.internal", "a..b", "[::1", f"{'a' * 64}.example"])
def test_a_host_that_the_sdk_does_not_call_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"the host is a name of letters|use s3://bucket"):
        parse(f"s3://KEY:SECRET@{host}/notes")


def test_a_bucket_without_its_package_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"needs boto3: pip install 'lyceum\[s3\]'"):
        settings.files("s3://notes")
    assert settings.files("file:///srv/files")["BACKEND"].endswith("FileSystemStorage")
