"""The files for services elsewhere: they parse, and name commands and folders that exist."""
import json
import re

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(path):
    """Every command of a workflow."""
    flow = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [step["run"] for job in flow["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_runs_commands_that_there_are(path):
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for command in steps(path):
        for target in re.findall(r"\bmake ([a-z-]+)", command):
            assert target in made
        for place in re.findall(r"\b(?:tests|solutions|exercises)/[\w./-]+", command):
            assert (ROOT / place).exists(), place
    assert steps(path)


def test_three_systems_and_four_pythons_are_tried():
    flow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = flow["jobs"]["learners"]["strategy"]["matrix"]
    assert len(matrix["os"]) == 3 and matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


def test_containers_install_extras_that_there_are():
    extras = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    binder = (ROOT / "binder/requirements.txt").read_text(encoding="utf-8")
    named = re.findall(r"\.\[(\w+)\]", container["postCreateCommand"] + binder)
    assert len(named) == 2 and set(named) <= set(extras)
