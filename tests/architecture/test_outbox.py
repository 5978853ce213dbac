"""Nothing is appended to the outbox that nobody would be told."""

import ast
import re

from django.utils.module_loading import import_string

from architecture.sources import modules, named, ring, tree
from entrepot.surfaces.jobs.schedule import JOBS
from entrepot.surfaces.jobs.topics import FAMILIES, TOPICS

TOPIC = re.compile(r"[a-z]+\.[a-z_]+")


def appended():
    """The topics in calls of `Event(…)` and of what makes one."""
    for path in modules():
        if ring(path) in {"domain", "flows"}:
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.Call) and is_event(node):
                    yield from ((topic, f"{named(path)}:{node.lineno}") for topic in topics(node))


def topics(call):
    for argument in [*call.args[:1], *(key.value for key in call.keywords if key.arg == "topic")]:
        if isinstance(argument, ast.Constant) and TOPIC.fullmatch(str(argument.value)):
            yield argument.value


def is_event(call):
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in {"Event", "told", "_told", "_tell", "_remind", "tell", "ask"}


def test_every_topic_has_its_audience():
    untold = {place: topic for topic, place in appended() if topic not in TOPICS}
    assert untold == {}


def test_every_topic_is_of_a_family_that_people_choose_letters_by():
    assert {topic.family for topic in TOPICS.values()} <= set(FAMILIES)


def test_the_walk_sees_the_topics():
    assert "order.placed" in {topic for topic, _ in appended()}


def test_every_job_can_be_called_with_the_time_alone():
    import inspect

    for job in JOBS:
        parameters = inspect.signature(import_string(job.act)).parameters.values()
        needed = {parameter.name for parameter in parameters if parameter.default is inspect.Parameter.empty}
        assert needed == {"now"}, job.act


def test_no_two_jobs_share_a_name():
    assert len({job.name for job in JOBS}) == len(JOBS)
