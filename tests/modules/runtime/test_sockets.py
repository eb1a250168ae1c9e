"""Where a server listens: every address of a name at one port, or an explanation."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from domain.errors import ConfigurationError
from modules.runtime.sockets import bind


@contextmanager
def closing(sockets: Sequence[socket.socket]) -> Iterator[Sequence[socket.socket]]:
    with ExitStack() as stack:
        for each in sockets:
            stack.callback(each.close)
        yield sockets


async def test_a_free_port_is_found_and_it_is_the_same_at_every_address() -> None:
    with closing(await bind("localhost", 0)) as bound:
        assert len({each.getsockname()[1] for each in bound}) == 1
        assert "127.0.0.1" in {each.getsockname()[0] for each in bound}


async def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with closing(await bind("127.0.0.1", 0)) as bound:
        port = bound[0].getsockname()[1]
        with pytest.raises(ConfigurationError, match="choose another port") as caught:
            await bind("127.0.0.1", port)
    assert caught.value.error_code == "PORT_TAKEN"
    assert caught.value.details == {"host": "127.0.0.1", "port": port}


async def test_a_port_that_is_taken_at_one_address_of_a_name_is_taken() -> None:
    with closing(await bind("127.0.0.1", 0)) as bound:
        with pytest.raises(ConfigurationError) as caught:
            await bind("localhost", bound[0].getsockname()[1])
        assert caught.value.error_code == "PORT_TAKEN"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "x" * 70])
async def test_a_host_that_is_not_this_machine_is_told(host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await bind(host, 0)
    assert caught.value.error_code == "HOST_UNKNOWN"


async def test_a_port_is_free_again_at_once_after_it_was_closed() -> None:
    with closing(await bind("127.0.0.1", 0)) as bound:
        port = bound[0].getsockname()[1]
    with closing(await bind("127.0.0.1", port)) as again:
        assert again[0].getsockname()[1] == port
