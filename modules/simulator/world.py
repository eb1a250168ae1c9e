"""Everything that one simulator remembers."""

import attrs

from modules.simulator.chance import Chance
from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.faults import Faults
from modules.simulator.flows import Flows
from modules.simulator.grants import Grants
from modules.simulator.loops import Loops
from modules.simulator.population import populate
from modules.simulator.request_log import RequestLog
from modules.simulator.sessions import Sessions
from modules.simulator.settings import SimulatorSettings
from modules.simulator.signing import Signing
from modules.simulator.switches import Switches


@attrs.frozen(kw_only=True)
class World:
    """The state behind all endpoints. `control`: whether the control API is served."""

    clock: Clock
    chance: Chance
    directory: Directory
    grants: Grants
    sessions: Sessions
    flows: Flows
    loops: Loops
    signing: Signing
    faults: Faults
    switches: Switches
    requests: RequestLog
    control: bool


def make_world(settings: SimulatorSettings) -> World:
    """A populated world in which nobody has signed in."""
    clock, chance = Clock(), Chance(settings.seed)
    directory = Directory(seed=settings.seed, clock=clock, chance=chance)
    populate(directory, settings.users)
    return World(
        clock=clock,
        chance=chance,
        directory=directory,
        grants=Grants(clock=clock, chance=chance),
        sessions=Sessions(clock=clock, chance=chance),
        flows=Flows(clock=clock, chance=chance),
        loops=Loops(clock=clock),
        signing=Signing(),
        faults=Faults(),
        switches=Switches(token_lifetime=settings.token_lifetime, strict=settings.strict),
        requests=RequestLog(),
        control=settings.control,
    )
