"""A project with Channels as its tutorial sets it up: the core layer, and Django's defaults for the database."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

database = urlsplit(os.environ["DATABASE_URL"])

SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["channels", "bench.peers.channels.apps.ChatConfig"]
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parse_qs(database.query)["host"][0],
        "USER": database.username,
        "PASSWORD": unquote(database.password or ""),
        "NAME": database.path.strip("/"),
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    }
}
