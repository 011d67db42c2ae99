"""What the tests of the designer share: a session with two spirals and its 2-8-8-2 network."""

import pytest
from fakes import FakeSession

from app import theme


@pytest.fixture(autouse=True)
def themed(qapp):
    theme.install(qapp, "light")


@pytest.fixture
def session(qapp):
    return FakeSession().with_data()


@pytest.fixture
def document(session):
    return session.document
