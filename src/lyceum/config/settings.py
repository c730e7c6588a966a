from dataclasses import asdict
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from lyceum.config.env import SettingError, names, read
from lyceum.config.production import faults
from lyceum.config.storage import Bucket, parse
from lyceum.search.model_files import default_folder

try:
    ENV = read()
except SettingError as err:
    raise ImproperlyConfigured(str(err)) from err


def database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "lyceum",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", None) or parts.hostname or "",
        "PORT": options.pop("port", None) or parts.port or "",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **options,
            "pool": {"min_size": 1, "max_size": 24, "timeout": 10},
            "options": "-c statement_timeout=5000 -c synchronous_commit=on",
        },
    }


MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail(url: str) -> dict[str, Any]:
    if not url:
        return {"EMAIL_BACKEND": "lyceum.core.mail.MailFolder"}
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or MAIL_PORTS[parts.scheme],
        "EMAIL_TIMEOUT": 15,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def files(url: str) -> dict[str, Any]:
    place = parse(url)
    if not isinstance(place, Bucket):
        # As in a bucket, a second file of a name takes the place of the first.
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"allow_overwrite": True}}
    if find_spec("boto3") is None:
        raise ImproperlyConfigured("STORAGE_URL names a bucket, which needs boto3: pip install 'lyceum[s3]'.")
    return {"BACKEND": "lyceum.core.buckets.BucketStorage", "OPTIONS": asdict(place)}


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


DEBUG = ENV.DEBUG
PRODUCTION = ENV.ENVIRONMENT == "production"
SECRET_KEY = ENV.SECRET_KEY
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is missing. Start with `lyceum up`, which makes one, or set SECRET_KEY.")
if not ENV.DATABASE_URL or not ENV.REDIS_URL:
    raise ImproperlyConfigured("DATABASE_URL and REDIS_URL are missing. `lyceum up` starts embedded servers.")
ALLOWED_HOSTS = names(ENV.ALLOWED_HOSTS)
if PRODUCTION and (unsafe := faults(ENV, SECRET_KEY)):
    raise ImproperlyConfigured("Unsafe settings for production: " + "; ".join(unsafe) + ".")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "lyceum.core",
    "lyceum.accounts",
    "lyceum.realtime",
    "lyceum.search",
    "lyceum.notifications",
    "lyceum.monitoring",
    "lyceum.library",
    "lyceum.messaging",
    # After ours, whose templates stand before its own.
    "lyceum.config.apps.OwnAdmin",
]
MIDDLEWARE = [
    "lyceum.core.middleware.request_context",
    "lyceum.core.middleware.security_headers",
    "lyceum.core.cross_origin.cross_origin",
    "lyceum.core.middleware.slashes",
    "lyceum.core.middleware.request_bounds",
    "lyceum.core.middleware.probes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "lyceum.core.middleware.page_quota",
    "lyceum.core.middleware.static_files",
    "lyceum.core.middleware.local_time_and_words",
    "django.contrib.messages.middleware.MessageMiddleware",
    "lyceum.core.pages.PageErrors",
]
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
ROOT_URLCONF = "lyceum.config.urls"
ASGI_APPLICATION = "lyceum.config.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lyceum.core.shell.context",
            ]
        },
    }
]

DATABASES = {"default": database(ENV.DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = ENV.REDIS_URL
REDIS_PREFIX = "lyceum:"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

AUTH_USER_MODEL = "accounts.User"
# The address is unique in its compared form, `email_key`, not as typed.
SILENCED_SYSTEM_CHECKS = ["auth.E003"]
PASSWORD_HASHERS = ["lyceum.accounts.hashers.BoundedArgon2PasswordHasher"]
SESSION_ENGINE = "lyceum.accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.PUBLIC_URL.startswith("https://")
# Browsers take a name with this beginning from this very host alone, over HTTPS.
SESSION_COOKIE_NAME = "__Host-sessionid" if SESSION_COOKIE_SECURE else "sessionid"
# The proxy that ends TLS speaks plain HTTP to us, so the address that people use is named.
CSRF_TRUSTED_ORIGINS = [*names(ENV.CORS_ALLOWED_ORIGINS), origin(ENV.PUBLIC_URL)]
CSRF_FAILURE_VIEW = "lyceum.core.pages.csrf_failure"
LOGIN_URL = "/sign-in/"
# The parts of the product that exist, as the bar and the dock show them: address, name, icon, and the key after G.
SECTIONS = [
    ("/talk/", _("Talk"), "message-square", "T"),
    ("/people/", _("People"), "users", "P"),
    ("/library/", _("Library"), "library", "B"),
]
CORS_ALLOWED_ORIGINS = names(ENV.CORS_ALLOWED_ORIGINS)
TRUSTED_PROXIES = names(ENV.TRUSTED_PROXIES)
PUBLIC_URL = ENV.PUBLIC_URL.rstrip("/")
PUBLIC_ACCESS_TOKEN_MINUTES = 60
REFRESH_TOKEN_DAYS = 7
EMAIL_VERIFICATION = ENV.EMAIL_VERIFICATION
OIDC_ISSUER, OIDC_NAME = ENV.OIDC_ISSUER, ENV.OIDC_NAME
OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = ENV.OIDC_CLIENT_ID, ENV.OIDC_CLIENT_SECRET
OIDC_ALLOWED_DOMAINS = [domain.lower().lstrip("@") for domain in names(ENV.OIDC_ALLOWED_DOMAINS)]
OIDC_CREATE_ACCOUNTS, OIDC_LINK_BY_EMAIL = ENV.OIDC_CREATE_ACCOUNTS, ENV.OIDC_LINK_BY_EMAIL
if OIDC_ISSUER and not OIDC_CLIENT_ID:
    raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID, the id that the provider gave this workspace.")
OAUTH_REGISTRATION, OAUTH_CLIENT_DOCUMENTS = ENV.OAUTH_REGISTRATION, ENV.OAUTH_CLIENT_DOCUMENTS
DIRECTORY = ENV.DIRECTORY
SEARCH_URL, SEARCH_PREFIX = ENV.SEARCH_URL, ENV.SEARCH_PREFIX
SEARCH_DIR = Path(ENV.SEARCH_DIR) if ENV.SEARCH_DIR else ENV.LYCEUM_HOME / "search"
ADMIN_ENABLED = ENV.ADMIN_ENABLED
ADMIN_SECOND_FACTOR = PRODUCTION or ENV.ADMIN_SECOND_FACTOR
DEFAULT_FROM_EMAIL = ENV.MAIL_FROM
EMAIL_FILE_PATH = str(ENV.LYCEUM_HOME / "mail")
globals().update(mail(ENV.EMAIL_URL))

METRICS_TOKEN = ENV.METRICS_TOKEN
LIMITS_ENABLED = ENV.LIMITS_ENABLED
# Requests a period in seconds, for a signed-in person and for an anonymous address (spec, "limits").
LIMIT_CLASSES = {"api": (100, 20, 60), "light": (1000, 300, 60), "send": (10, 10, 60)}
LIMIT_PROFILES = {"free": 1, "basic": 3, "premium": 10}
BODY_MAX_BYTES = 1024 * 1024
# Doors that take a file, by the end of their address.
UPLOAD_MAX_BYTES = {
    "/users/avatar/": 5 * 1024 * 1024,
    "/chat/attachments/": 25 * 1024 * 1024,
    "/cover/": 5 * 1024 * 1024,
}
QUERY_MAX_BYTES = 4096
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_MAX_BYTES
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

OUTBOUND_ALLOWED_HOSTS = names(ENV.OUTBOUND_ALLOWED_HOSTS)

PAYMENT_WEBHOOK_SECRETS = names(ENV.PAYMENT_WEBHOOK_SECRET)
ORDER_PAYMENT_MINUTES = ENV.ORDER_PAYMENT_MINUTES
EMBEDDINGS, EMBEDDINGS_URL, EMBEDDINGS_MODEL = ENV.EMBEDDINGS, ENV.EMBEDDINGS_URL, ENV.EMBEDDINGS_MODEL
EMBEDDINGS_API_KEY, EMBEDDINGS_QUERY_PREFIX = ENV.EMBEDDINGS_API_KEY, ENV.EMBEDDINGS_QUERY_PREFIX
EMBEDDINGS_WEIGHT, EMBEDDINGS_LEAST = ENV.EMBEDDINGS_WEIGHT, ENV.EMBEDDINGS_LEAST
MODELS_DIR = Path(ENV.MODELS_DIR) if ENV.MODELS_DIR else default_folder()
RECOMMENDATION_PERSONAL_SHARE = ENV.RECOMMENDATION_PERSONAL_SHARE
RECOMMENDATION_BEHAVIOUR_SHARE = ENV.RECOMMENDATION_BEHAVIOUR_SHARE
RECOMMENDATION_VARIANTS = names(ENV.RECOMMENDATION_VARIANTS)
RECOMMENDATION_SPARK_MASTER = ENV.RECOMMENDATION_SPARK_MASTER
if RECOMMENDATION_SPARK_MASTER and find_spec("pyspark") is None:
    raise ImproperlyConfigured("RECOMMENDATION_SPARK_MASTER needs PySpark: install lyceum[spark].")
EPHEMERAL_HOURS = ENV.EPHEMERAL_HOURS
CLAMAV_URL = ENV.CLAMAV_URL
EXPORT_DAYS, ERASURE_DAYS = ENV.EXPORT_DAYS, ENV.ERASURE_DAYS

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = ENV.LYCEUM_HOME / "static"
STORAGES = {
    "default": files(ENV.STORAGE_URL),
    "staticfiles": {"BACKEND": "lyceum.core.statics.HashedStorage"},
}
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
SERVESTATIC_ALLOW_ALL_ORIGINS = False
MEDIA_ROOT = folder if isinstance(folder := parse(ENV.STORAGE_URL), Path) else ENV.LYCEUM_HOME / "media"
LOG_DIR = ENV.LOG_DIR
LOGGING_CONFIG = "lyceum.core.logs.configure"
LOGGING = {"directory": LOG_DIR, "level": ENV.LOG_LEVEL, "stdout": ENV.LOG_STDOUT}

SPECTACULAR_SETTINGS = {
    "TITLE": "Lyceum",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "PREPROCESSING_HOOKS": ["lyceum.core.openapi.only_version_one"],
    "POSTPROCESSING_HOOKS": ["lyceum.core.openapi.finish"],
    "DESCRIPTION": (
        "People talk here, and more will follow. Sign in with a session cookie (unsafe requests send `X-CSRFToken`) "
        "or with `Authorization: Bearer`. Refusals are problem documents (RFC 9457)."
    ),
    "SERVERS": [{"url": "/"}],
    "TAGS": [
        {"name": "users", "description": "Accounts, profile, pictures, sign-ins, the directory."},
        {"name": "auth", "description": "Tokens for programs, and tickets for WebSockets."},
        {"name": "chat", "description": "Conversations and messages."},
        {"name": "cart", "description": "What one means to order."},
        {"name": "orders", "description": "What one ordered, and how it is paid and sent."},
        {"name": "books", "description": "The catalogue: books, their covers and reviews."},
        {"name": "authors", "description": "Who wrote the books."},
        {"name": "publishers", "description": "Who published them."},
        {"name": "categories", "description": "The tree of shelves in which they stand."},
        {"name": "search", "description": "Search in the catalogue, and in all that one may see."},
        {"name": "notifications", "description": "How one is told: devices, mail, and webhooks for programs."},
        {"name": "asyncapi", "description": "The WebSocket protocol as a document."},
    ],
    "COMPONENT_SPLIT_PATCH": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}
PUBLIC_READ = ENV.PUBLIC_READ
SEARCH_SECOND_PASS = ENV.SEARCH_SECOND_PASS
ENABLE_SWAGGER = ENV.ENABLE_SWAGGER
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "lyceum.accounts.api.authentication.BearerAuthentication",
        "lyceum.accounts.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["lyceum.core.json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["lyceum.core.json.FastJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "lyceum.core.openapi.DoorSchema",
    "EXCEPTION_HANDLER": "lyceum.core.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
