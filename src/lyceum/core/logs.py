import fcntl
import logging
import logging.config
from pathlib import Path
from typing import IO, Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MAX_BYTES = 10 * 1024 * 1024
KEPT_FILES = 5
MOST_PROCESSES = 1000
_claims: dict[Path, IO[str]] = {}
_role = "lyceum"


def name_process(role: str) -> None:
    """Say what this process is (`web`, `worker`) before Django is set up; its log files are named by it."""
    global _role
    _role = role


def _claimed(directory: Path) -> str:
    """Return a name for files that this process alone writes while it lives: `web`, then `web-2` …"""
    if directory in _claims:
        return Path(_claims[directory].name).stem.removeprefix(".")
    for number in range(1, MOST_PROCESSES):
        name = _role if number == 1 else f"{_role}-{number}"
        file = (directory / f".{name}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        _claims[directory] = file
        return name
    raise OSError(f"More than {MOST_PROCESSES} processes write logs into {directory}.")


class JsonFormatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """Render a record; lines that `access_lines` has rendered already stay as they are."""
        rendered = getattr(record, "rendered", None)
        return rendered if rendered is not None else super().format(record)


def _file_handlers(directory: Path) -> dict[str, dict[str, Any]]:
    directory.mkdir(parents=True, exist_ok=True)
    name = _claimed(directory)
    return {
        kind: {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": str(directory / f"{name}.{kind}.log"),
            "maxBytes": MAX_BYTES,
            "backupCount": KEPT_FILES,
            "formatter": "json",
            "encoding": "utf-8",
            # Many processes set Django up and have nothing to say.
            "delay": True,
        }
        for kind in ("application", "access")
    }


def configure(options: dict[str, Any]) -> None:
    """Send one JSON line for each event to standard output, and to files where a folder is given.

    The access log has one line for each request and each socket event; the application log has the rest.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handlers: dict[str, dict[str, Any]] = {}
    if options["stdout"]:
        handlers["stdout"] = {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
    if options["directory"]:
        handlers |= _file_handlers(Path(options["directory"]))
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": JsonFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        # Without the frames' variables: they hold passwords and message text.
                        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
                        structlog.processors.JSONRenderer(),
                    ],
                }
            },
            "handlers": handlers,
            "root": {"handlers": [name for name in handlers if name != "access"], "level": options["level"]},
            "loggers": {
                "lyceum.access": {
                    "handlers": [name for name in handlers if name != "application"],
                    "level": "INFO",
                    "propagate": False,
                },
                # Its lines for 4xx would say a second time what the access line says.
                "django.request": {"level": "ERROR"},
                "django.security": {"level": "ERROR"},
                # Its lines hold the arguments of jobs; `core.jobs` says what became of each.
                "procrastinate": {"level": "CRITICAL"},
                "uvicorn": {"level": "WARNING"},
                # Its lines hold addresses with their queries.
                "httpx2": {"level": "WARNING"},
                "httpcore2": {"level": "WARNING"},
                # Its lines hold signatures of requests, and what was sent.
                "botocore": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
            },
        }
    )
