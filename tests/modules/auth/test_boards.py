"""The two boards of `auth login`."""

import io

from rich.console import Console

from modules.auth.boards import LineBoard, LiveBoard

URL = "https://login.example/authorize?" + "&".join(f"parameter{number}=value{number}" for number in range(20))


def test_lines_hold_the_user_and_what_happened_and_no_control_characters() -> None:
    stream = io.StringIO()
    board = LineBoard(stream)
    board.address("kim", URL)
    board.code("anna", "https://login.example/device", "ABC-123")
    board.state("kim", "failed: \x1b[31mred\nsecond line")
    assert stream.getvalue().splitlines() == [
        f"kim: open {URL}",
        "anna: open https://login.example/device and enter the code ABC-123",
        "kim: failed: \\x1b[31mred\\nsecond line",
    ]


def test_a_terminal_shows_each_user_s_last_state_and_addresses_in_one_piece() -> None:
    """Sixty columns wide: an address that were broken into lines could not be copied."""
    screen = io.StringIO()
    board = LiveBoard(Console(file=screen, force_terminal=True, width=60, color_system=None))
    with board.live:
        board.address("kim", URL)
        board.state("kim", "waiting for the browser")
        board.state("anna", "[bold]no markup[/bold]")
        board.state("kim", "signed in")
        board.live.refresh()
        last = screen.getvalue().rpartition("user")[2]
    assert URL in screen.getvalue()
    assert "signed in" in last
    assert "[bold]no markup[/bold]" in last
    assert "waiting for the browser" not in last
