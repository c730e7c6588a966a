"""The address that the web process serves."""

import errno
import ipaddress
import socket

from lyceum.runtime.home import CannotRun

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # to tell where people go


def check_can_listen(host: str, port: int) -> None:
    """Raise CannotRun when nobody could serve there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as err:
        raise CannotRun(f"{host} is no address of this machine: {err.strerror}.") from err
    except OSError as err:
        if err.errno == errno.EADDRINUSE:
            raise CannotRun(
                f"Port {port} is in use by another program. Choose another one: lyceum up --port {port + 1}, "
                f"or make run PORT={port + 1}."
            ) from err
        if err.errno == errno.EACCES:
            raise CannotRun(f"Port {port} is for the system's administrator only. Choose one above 1023.") from err
        raise CannotRun(f"{host} port {port} cannot be served: {err.strerror}.") from err


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what is served there."""
    return host == "localhost" or host == "::1" or host.startswith("127.")


def address(host: str, port: int) -> str:
    """Return the address that a browser on this machine opens."""
    name = EVERYWHERE.get(host, host)
    try:
        is_six = ipaddress.ip_address(name).version == 6
    except ValueError:
        is_six = False
    return f"http://[{name}]:{port}" if is_six else f"http://{name}:{port}"
