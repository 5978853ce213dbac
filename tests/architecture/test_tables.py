"""The tables: who knows whom, and that the migrations are the models."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections

from architecture.sources import SRC, named, ranks


def our_relations():
    for model in apps.get_models():
        if model.__module__.startswith("entrepot."):
            for field in model._meta.get_fields():
                if field.is_relation and not field.auto_created and field.related_model:
                    yield model, field


def test_foreign_keys_point_down_the_rank():
    rank = ranks()
    wrong = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model, field in our_relations()
        if field.related_model._meta.app_label != model._meta.app_label
        and rank.get(field.related_model._meta.app_label, 0) >= rank[model._meta.app_label]
    ]
    assert wrong == []


def test_the_walk_sees_the_foreign_keys():
    assert sum(1 for _ in our_relations()) > 50


def test_nobody_is_known_from_above():
    known = [f"{model._meta.label}.{field.name}" for model, field in our_relations() if not field.remote_field.hidden]
    assert known == []


def test_an_app_keeps_one_written_and_one_handwritten_migration():
    allowed = {"__init__.py", "0001_initial.py", "0002_database.py"}
    assert [named(path) for path in SRC.rglob("migrations/*.py") if path.name not in allowed] == []


def test_the_migrations_are_the_models(database):
    told = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=told)
    except SystemExit:
        pytest.fail("run `make migrations`:\n" + told.getvalue())


def test_the_run_time_role_can_neither_alter_nor_drop(database):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
        assert cursor.fetchone() == (False,)
