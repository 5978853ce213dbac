"""What every operation keeps to: it declares who may, names bad fields, and answers as problems."""

import pytest
from django.test import Client

from surfaces.api.calls import ROOT, Caller, operator
from entrepot.surfaces.api.application import api
from entrepot.surfaces.api.routes import PUBLIC, SIGNED_IN

OPERATIONS = list(api.operations())


def test_every_operation_declares_who_may():
    undeclared = [each.operation_id for each in OPERATIONS if not getattr(each.view_func, "verbs", ())]
    assert undeclared == []
