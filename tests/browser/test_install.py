"""The browser of the tests: what the system has comes first, and a machine without a network is told so in few lines."""

import subprocess
from collections.abc import Sequence

import pytest

from tests.browser import install


class Machine:
    """What was run, and whether it worked."""

    def __init__(self, *works: str) -> None:
        self.works, self.ran, self.browser = works, [], False

    def run(self, command: Sequence[str], **_: object) -> "subprocess.CompletedProcess[str]":
        line = " ".join(command)
        self.ran.append(line)
        worked = any(part in line for part in self.works)
        self.browser |= worked and "chromium" in line
        told = "Error: getaddrinfo ENOTFOUND\n    at some.js\n}\n" * 6
        return subprocess.CompletedProcess(command, 0 if worked else 1, told, "")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Machine:
    made = Machine(*request.param)
    monkeypatch.setattr(install.subprocess, "run", made.run)
    monkeypatch.setattr(install, "find_chromium", lambda: "/usr/bin/chromium" if made.browser else None)
    monkeypatch.setattr(install.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    return made


@pytest.mark.parametrize("machine", [("apt-get",)], indirect=True)
def test_the_systems_package_comes_first(machine: Machine) -> None:
    install.main()
    assert not any("playwright" in line for line in machine.ran)
    assert "fonts-noto-color-emoji" in machine.ran[-1]


@pytest.mark.parametrize("machine", [("apt-get update", "chromium fonts")], indirect=True)
def test_a_system_without_the_light_browser_gives_the_usual_one(machine: Machine) -> None:
    install.main()
    assert not any("playwright" in line for line in machine.ran)
    assert "chromium-headless-shell" in machine.ran[-2]
    assert " chromium fonts-noto-cjk" in machine.ran[-1]


@pytest.mark.parametrize("machine", [("playwright",)], indirect=True)
def test_playwrights_own_is_the_other_way(machine: Machine) -> None:
    install.main()
    assert "playwright install chromium" in machine.ran[-1]
    assert machine.browser


@pytest.mark.parametrize("machine", [()], indirect=True)
def test_without_a_network_a_few_lines_say_so(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    install.main()
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == "browser: none; the browser tests cannot run"
    assert len(told) <= 9
    assert "Error: getaddrinfo ENOTFOUND" in told[-2]
