import logging
import logging.config
from pathlib import Path
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MAX_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5


def _handlers(directory: str, file: str) -> dict[str, dict[str, Any]]:
    handlers: dict[str, dict[str, Any]] = {
        "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
    }
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        handlers["file"] = {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": str(Path(directory) / file),
            "maxBytes": MAX_BYTES,
            "backupCount": KEPT_FILES,
            "formatter": "json",
        }
    return handlers


def configure(options: dict[str, Any]) -> None:
    """Send one JSON line for each event to standard output, and to files where a folder is given."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    application = _handlers(options["directory"], "application.log")
    accesses = _handlers(options["directory"], "access.log")
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        # Without the frames' variables: they hold passwords and message text.
                        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
                        structlog.processors.JSONRenderer(),
                    ],
                }
            },
            "handlers": {
                **{f"app_{name}": handler for name, handler in application.items()},
                **{f"access_{name}": handler for name, handler in accesses.items()},
            },
            "root": {"handlers": [f"app_{name}" for name in application], "level": "INFO"},
            "loggers": {
                "lyceum.access": {
                    "handlers": [f"access_{name}" for name in accesses],
                    "level": "INFO",
                    "propagate": False,
                },
                # Its lines for 4xx would say a second time what the access line says.
                "django.request": {"level": "ERROR"},
                "django.security": {"level": "ERROR"},
                "procrastinate": {"level": "WARNING"},
                "uvicorn": {"level": "WARNING"},
            },
        }
    )
