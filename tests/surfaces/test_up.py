"""`entrepot up` as a user meets it: ready, refused, stopped, and what happens when a part of it dies."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from serving import free_port

#: For how long a process is waited for, on a machine that does much else. Units: seconds.
PATIENCE = 180
COMMAND = str(Path(sys.executable).parent / "entrepot")


@pytest.fixture
def start(database):
    """Start `up` on this session's database; whatever a test leaves running is ended."""
    running = []

    def run(port):
        process = subprocess.Popen(
            [COMMAND, "up", "--no-demo", "--port", str(port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            # Whoever runs these tests in the background has Ctrl-C ignored, and children inherit that.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)


def wait_until_ready(process):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C stops everything" in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def children_of(process):
    listing = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(process.pid)], capture_output=True, text=True)
    return {
        name: int(line.split()[0])
        for line in listing.stdout.splitlines()
        for name in ("cli.web", "jobs.worker")
        if name in line
    }


def is_gone(pid):
    for _ in range(PATIENCE * 10):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_from_ready_to_stopped(start):
    port = free_port()
    process = start(port)
    told = wait_until_ready(process)
    assert f"http://127.0.0.1:{port}/desk/" in told
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert json.load(answer)["status"] == "ready"
    children = children_of(process)
    assert set(children) == {"cli.web", "jobs.worker"}

    second = subprocess.run([COMMAND, "up", "--port", str(port)], capture_output=True, text=True)
    assert second.returncode == 1
    assert re.fullmatch(rf"entrepot: Port {port} is in use; .* \[up\.port_taken\]\n", second.stderr)
    third = subprocess.run([COMMAND, "up", "--port", str(free_port())], capture_output=True, text=True)
    assert (third.returncode, "[up.running]" in third.stderr) == (1, True)

    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=PATIENCE)[0]
    assert (process.returncode, "Traceback" in rest) == (0, False), rest
    assert all(is_gone(pid) for pid in children.values())


@pytest.mark.parametrize("name", ["cli.web", "jobs.worker"])
def test_when_a_part_dies_the_rest_stops_and_says_so(start, name):
    process = start(free_port())
    wait_until_ready(process)
    children = children_of(process)
    os.kill(children[name], signal.SIGKILL)
    told = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 1
    assert f"The {name.split('.')[0].replace('cli', 'web')} process ended by itself (status -9)" in told
    assert all(is_gone(pid) for pid in children.values())


def test_when_it_is_killed_its_children_end_by_themselves(start):
    process = start(free_port())
    wait_until_ready(process)
    children = children_of(process)
    process.kill()
    process.wait()
    assert all(is_gone(pid) for pid in children.values())


def test_reset_never_touches_an_outside_database(database):
    result = subprocess.run([COMMAND, "up", "--reset-demo", "--port", str(free_port())], capture_output=True, text=True)
    assert (result.returncode, "[up.reset_outside]" in result.stderr) == (1, True)


def test_tables_of_another_version_are_left_alone(owner):
    owner.execute("SELECT fingerprint FROM kernel_schemafingerprint")
    (made_by,) = owner.fetchone()
    owner.execute("UPDATE kernel_schemafingerprint SET fingerprint = 'another'")
    try:
        result = subprocess.run([COMMAND, "up", "--port", str(free_port())], capture_output=True, text=True)
    finally:
        owner.execute("UPDATE kernel_schemafingerprint SET fingerprint = %s", [made_by])
    assert result.returncode == 1
    assert "made by another version of Entrepôt. Dump its data" in result.stderr
