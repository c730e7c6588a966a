"""The environment, read once and typed; every other module asks `django.conf.settings`."""

import difflib
import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from lyceum.config import storage
from lyceum.notifications.signatures import is_secret

OURS = "LYCEUM_"


class SettingError(Exception):
    """A sentence for people about a variable that is wrong, with what would be right."""


def given(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a variable, or the text of the file that `NAME_FILE` names; empty when neither is set."""
    value, file = environment.get(name, ""), environment.get(f"{name}_FILE", "")
    if not file:
        return value
    if value:
        raise SettingError(f"{name} and {name}_FILE are both set. Keep one of them.")
    try:
        return Path(file).read_text().strip()
    except (OSError, UnicodeDecodeError) as err:
        raise SettingError(f"{name}_FILE names {file}, which cannot be read: {err}.") from err


def names(text: str) -> list[str]:
    """Split a list by commas, without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(text: str) -> str:
    for part in names(text):
        try:
            ip_network(part, strict=False)
        except ValueError as err:
            raise ValueError(f"{part} is no address or network; use 10.0.0.7 or 10.0.0.0/8, by commas") from err
    return text


def _origins(text: str) -> str:
    for part in names(text):
        scheme, _, rest = part.partition("://")
        if part != "*" and (scheme not in ("http", "https") or not rest or "/" in rest):
            raise ValueError(f"{part} is no origin; use https://app.example.org, without a path")
    return text


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("use an address that begins with http:// or https://")
    return text


def _server_address(text: str) -> str:
    return _web_address(text) if text else text


def _issuer(text: str) -> str:
    if not text:
        return text
    parts = urlsplit(text)
    is_here = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not (parts.scheme == "https" or (parts.scheme == "http" and is_here)) or parts.query or parts.fragment:
        raise ValueError("use the provider's https:// address, as it writes itself")
    return text.rstrip("/")


def _variants(text: str) -> str:
    unknown = set(names(text)) - {"recent", "steady"}
    if unknown or not names(text):
        raise ValueError("use recent, steady, or both by a comma")
    return text


def _scanner(text: str) -> str:
    if text and not text.startswith(("tcp://", "unix:///")):
        raise ValueError("use tcp://host:port or unix:///path")
    return text


def _mail_server(text: str) -> str:
    if text and not text.startswith(("smtp://", "smtp+tls://", "smtps://")):
        raise ValueError("use smtp://, smtp+tls:// (STARTTLS) or smtps:// (TLS from the start)")
    return text


def _database(text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("use postgresql://user:password@host:5432/name")
    return text


def _valkey(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("use redis://host:6379/0, rediss:// (TLS) or unix:///path")
    return text


def _search(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("use http://host:9200 or https://user:password@host:9200")
    return text.rstrip("/")


def _index_prefix(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,50}", text):
        raise ValueError("use small letters, digits, - and _, a letter first")
    return text


def _storage(text: str) -> str:
    storage.parse(text)
    return text


def _signing_secrets(text: str) -> str:
    for part in names(text):
        if not is_secret(part):
            raise ValueError("use whsec_ followed by 24 to 64 bytes in base64")
    return text


class _Given(PydanticBaseSettingsSource):
    """Reads each variable by `given`; an empty one counts as not set."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return given(field_name) or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Environment(BaseSettings):
    """Every variable that the server reads, with its type, default and meaning."""

    model_config = SettingsConfigDict(case_sensitive=True, extra="ignore", hide_input_in_errors=True)

    ENVIRONMENT: Literal["development", "production"] = Field(
        "development", description="`production` refuses to start with settings that are unsafe for strangers."
    )
    DATABASE_URL: Annotated[str, AfterValidator(_database)] = Field(
        "", description="postgresql://user:password@host:5432/name; empty: the embedded server of `lyceum up`."
    )
    REDIS_URL: Annotated[str, AfterValidator(_valkey)] = Field(
        "", description="redis://host:6379/0 or unix:///path; empty: the embedded server of `lyceum up`."
    )
    STORAGE_URL: Annotated[str, AfterValidator(_storage)] = Field(
        "",
        description="Where files are kept: s3://key:secret@host:port/bucket?region=…, s3://bucket (AWS, credentials as "
        "its SDK finds them) or file:///path; empty: the folder media of LYCEUM_HOME. Options: region, tls=false, "
        "addressing=virtual.",
    )
    SEARCH_URL: Annotated[str, AfterValidator(_search)] = Field(
        "",
        description="http://user:password@host:9200 of an OpenSearch server, needed on more than one machine; empty: "
        "the embedded index in SEARCH_DIR.",
    )
    SEARCH_PREFIX: Annotated[str, AfterValidator(_index_prefix)] = Field(
        "lyceum", description="How the names of this workspace's indexes on the search server begin."
    )
    SEARCH_DIR: str = Field(
        "", description="Folder of the embedded index, on a disk of this machine; empty: search in LYCEUM_HOME."
    )
    SECRET_KEY: str = Field("", description="At least 50 characters; generated by `lyceum up` when not given.")
    DEBUG: bool = Field(False, description="Error pages with traces. Never on a server that others reach.")
    ALLOWED_HOSTS: str = Field("localhost,127.0.0.1,[::1]", description="Host names that are served, by commas.")
    CORS_ALLOWED_ORIGINS: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="Other origins whose pages may use cookies, by commas: https://app.example.org."
    )
    TRUSTED_PROXIES: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Addresses or networks of proxies whose forwarding headers are believed, by commas: 10.0.0.0/8.",
    )
    PUBLIC_URL: Annotated[str, AfterValidator(_web_address)] = Field(
        "http://127.0.0.1:8000", description="The address that people open; links in mails begin with it."
    )
    LYCEUM_HOME: Path = Field(Path("var"), description="Folder of the embedded servers, secrets, logs and media.")
    LOG_DIR: str = Field("", description="Also write rotating log files (10 MB, 5 kept) into this folder.")
    LOG_STDOUT: bool = Field(True, description="Write log lines to standard output; off under `lyceum up`.")
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="From which level on the application log has lines: DEBUG, INFO, WARNING or ERROR."
    )
    PUBLIC_READ: bool = Field(
        True, description="Let people without an account read what is public: the catalogue of books."
    )
    SEARCH_SECOND_PASS: bool = Field(
        True,
        description="Order the best hits of a search for books anew by popularity and by the reader's own taste.",
    )
    ENABLE_SWAGGER: bool = Field(True, description="Serve the pages /api/docs/ and /api/redoc/.")
    EMAIL_VERIFICATION: Literal["optional", "required"] = Field(
        "optional", description="`required`: people sign in after they have opened the link in the mail."
    )
    EMAIL_URL: Annotated[str, AfterValidator(_mail_server)] = Field(
        "",
        description="smtp://user:password@host:25, smtp+tls://…:587 (STARTTLS) or smtps://…:465; empty: mails are "
        "written into the folder mail of LYCEUM_HOME.",
    )
    MAIL_FROM: str = Field("Lyceum <lyceum@localhost>", description="Sender of mails.")
    DIRECTORY: Literal["all", "contacts", "off"] = Field(
        "all",
        description="Whom people find in the directory: `all`: everybody; `contacts`: those with whom they share a "
        "conversation; `off`: nobody. Staff always find everybody.",
    )
    OIDC_ISSUER: Annotated[str, AfterValidator(_issuer)] = Field(
        "", description="Address of the OpenID provider that people may sign in with; empty: none."
    )
    OIDC_CLIENT_ID: str = Field("", description="The id that the OpenID provider gave this workspace.")
    OIDC_CLIENT_SECRET: str = Field("", description="The secret that goes with it; empty for a public client.")
    OIDC_NAME: str = Field("single sign-on", description="Name of the OpenID provider on the button.")
    OIDC_ALLOWED_DOMAINS: str = Field(
        "", description="Domains of the confirmed addresses that may sign in with it, by commas; empty: all."
    )
    OIDC_CREATE_ACCOUNTS: bool = Field(True, description="Whom the OpenID provider vouches for gets an account.")
    OIDC_LINK_BY_EMAIL: bool = Field(
        True,
        description="An account with the same address is linked by itself when both sides have confirmed the address; "
        "never one of staff.",
    )
    OAUTH_REGISTRATION: bool = Field(
        False, description="Apps may make themselves known to the OAuth provider (RFC 7591), without anybody of staff."
    )
    OAUTH_CLIENT_DOCUMENTS: bool = Field(
        False, description="Apps may be known to the OAuth provider by a document at their own https:// address."
    )
    ADMIN_ENABLED: bool = Field(True, description="Serve Django's admin for staff at /admin/.")
    ADMIN_SECOND_FACTOR: bool = Field(
        False,
        description="Let staff into /admin/ only when they signed in with a second factor or a passkey. Production "
        "always asks for it.",
    )
    EPHEMERAL_HOURS: int = Field(24, ge=1, le=720, description="Life of a message in an ephemeral conversation.")
    EXPORT_DAYS: int = Field(7, ge=1, le=30, description="How long the file of a person's own data can be fetched.")
    ERASURE_DAYS: int = Field(
        14, ge=1, le=90, description="How long somebody who deleted their account can still come back by signing in."
    )
    CLAMAV_URL: Annotated[str, AfterValidator(_scanner)] = Field(
        "",
        description="Have uploaded files looked at by ClamAV before anybody gets them: tcp://127.0.0.1:3310 or "
        "unix:///run/clamav/clamd.ctl.",
    )
    OUTBOUND_ALLOWED_HOSTS: str = Field(
        "",
        description="Private hosts that the server itself may call, by commas: 127.0.0.1:9000, models.internal. Public "
        "ones need no entry.",
    )
    PAYMENT_WEBHOOK_SECRET: Annotated[str, AfterValidator(_signing_secrets)] = Field(
        "",
        description="With this the one who takes payments signs that an order is paid (Standard Webhooks): `whsec_` "
        "and 24 to 64 bytes in base64; two by a comma while one takes the other's place. Empty: nobody can say so.",
    )
    ORDER_PAYMENT_MINUTES: int = Field(
        1440,
        ge=5,
        le=43200,
        description="How long an order waits to be paid before it is cancelled and its copies are back.",
    )
    EMBEDDINGS: Literal["auto", "bge", "wordllama", "server"] = Field(
        "auto",
        description="Which model gives texts their meaning in search. `auto`: the server of EMBEDDINGS_URL where one "
        "is named, else bge-small where `lyceum models fetch` has got it, else the built-in WordLlama.",
    )
    EMBEDDINGS_URL: Annotated[str, AfterValidator(_server_address)] = Field(
        "", description="A server that speaks /v1/embeddings: https://models.example.org/v1. Empty: none."
    )
    EMBEDDINGS_MODEL: str = Field("", description="Name of the model at EMBEDDINGS_URL.")
    EMBEDDINGS_API_KEY: str = Field("", description="What EMBEDDINGS_URL is sent as a bearer token; empty: nothing.")
    EMBEDDINGS_QUERY_PREFIX: str = Field(
        "", description="Words that the model at EMBEDDINGS_URL wants before a question, as its card says."
    )
    EMBEDDINGS_WEIGHT: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How much the meaning by EMBEDDINGS_URL counts beside the words; the models that Lyceum knows have "
        "their own. `lyceum evaluate retrieval --sweep` shows what is best.",
    )
    EMBEDDINGS_LEAST: float = Field(
        0.0,
        ge=-1,
        le=1,
        description="The cosine by EMBEDDINGS_URL below which a text has nothing to do with a question.",
    )
    MODELS_DIR: str = Field(
        "",
        description="Folder of fetched models; empty: the account's cache (~/.cache/lyceum/models, root: /var/cache).",
    )
    RECOMMENDATION_PERSONAL_SHARE: float = Field(
        0.7,
        ge=0,
        le=1,
        description="Which part of a shelf comes from the reader's own taste; the rest is popular and trending.",
    )
    RECOMMENDATION_BEHAVIOUR_SHARE: float = Field(
        0.6,
        ge=0,
        le=1,
        description="Which part of what makes books similar comes from their readers; the rest from their text.",
    )
    RECOMMENDATION_VARIANTS: Annotated[str, AfterValidator(_variants)] = Field(
        "recent,steady",
        description="Groups that readers are put into by chance, by commas: `recent` lets their newest ratings lead, "
        "`steady` takes all alike. One name alone: no comparison.",
    )
    RECOMMENDATION_SPARK_MASTER: str = Field(
        "",
        description="A Spark cluster, such as spark://host:7077, that learns from ratings where one machine cannot; "
        "needs lyceum[spark] and Java 17 or 21. Empty: this process.",
    )
    METRICS_TOKEN: str = Field(
        "",
        description="What a scraper of /metrics sends as its bearer token; empty: only staff read the numbers.",
    )
    LIMITS_ENABLED: bool = Field(True, description="Request limits; off only for load tests on one's own machine.")

    @classmethod
    def settings_customise_sources(cls, *sources: Any, **named: Any) -> tuple[PydanticBaseSettingsSource, ...]:
        return (_Given(cls),)


def read() -> Environment:
    """Read the environment; raises SettingError with every fault in it."""
    faults = [_unknown(name) for name in sorted(os.environ) if name.startswith(OURS) and not _is_known(name)]
    try:
        found = Environment()  # type: ignore[call-arg]
    except ValidationError as err:
        raise SettingError("\n".join([*faults, *map(_sentence, err.errors())])) from err
    if faults:
        raise SettingError("\n".join(faults))
    return found


def _is_known(name: str) -> bool:
    return name.removesuffix("_FILE") in Environment.model_fields


def _unknown(name: str) -> str:
    known = list(Environment.model_fields)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7) or difflib.get_close_matches(
        name.removeprefix(OURS), known, n=1, cutoff=0.7
    )
    hint = f"Did you mean {close[0]}?" if close else "Take it away; .env.example lists all that there are."
    return f"{name} is no setting of Lyceum. {hint}"


def _sentence(error: Any) -> str:
    name = ".".join(str(part) for part in error["loc"])
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."
