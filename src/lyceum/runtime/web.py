"""The web process: uvicorn, with the gateway drained before its sockets are closed."""

import asyncio
import contextlib
import gc
import os
import signal
from types import FrameType

import uvicorn

from lyceum.runtime import children

# The protocol says 4409 beyond, without reading the rest.
FRAME_MAX_BYTES = 128 * 1024
GRACE_SECONDS = 10
GARBAGE_THRESHOLDS = (20_000, 20, 50)
# A database or a Valkey that is gone must not keep it.
LAST_SECONDS = 2.0 * GRACE_SECONDS + 5


class DrainingServer(uvicorn.Server):
    _drain: "asyncio.Task[None] | None" = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain first on SIGTERM; a second signal, or Ctrl-C, stops at once."""
        if sig == signal.SIGTERM and self._drain is None and self.started:
            loop = asyncio.get_event_loop()
            loop.call_soon_threadsafe(self._begin_drain, sig, frame)
        else:
            super().handle_exit(sig, frame)

    def _begin_drain(self, sig: int, frame: FrameType | None) -> None:
        children.end_within(LAST_SECONDS)
        self._drain = asyncio.ensure_future(self._drain_then_exit(sig, frame))

    async def _drain_then_exit(self, sig: int, frame: FrameType | None) -> None:
        from lyceum.core import health
        from lyceum.realtime.gateway import drain

        health.begin_draining()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(drain(), GRACE_SECONDS)
        super().handle_exit(sig, frame)


def _collect_static_files() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lyceum.config.settings")
    import django

    django.setup()
    from lyceum.core.statics import collect

    collect()


def serve(host: str, port: int) -> None:
    from lyceum.realtime.protocol import LyceumProtocol

    configuration = uvicorn.Config(
        "lyceum.config.asgi:application",
        host=host,
        port=port,
        http="httptools",
        loop="uvloop",
        ws=LyceumProtocol,
        ws_max_size=FRAME_MAX_BYTES,
        ws_per_message_deflate=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # Django looks at forwarding headers itself, and only from TRUSTED_PROXIES.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    _collect_static_files()
    # Each of thousands of sockets is some dozen objects that live long; the default looks through them all the time.
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    DrainingServer(configuration).run()
