"""The product's database with Django's and REST framework's own ways, as their tutorials show them."""

from lyceum.config.settings import *  # noqa: F403
from lyceum.config.settings import DATABASES, INSTALLED_APPS, SECRET_KEY  # noqa: F401

ROOT_URLCONF = "bench.peers.plain"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
REST_FRAMEWORK = {}
