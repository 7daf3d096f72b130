"""Data stands where the user says, in a checkout beside lstm.py, otherwise in the user's cache."""
import os

import pooch
import pytest

from sentiment.data import place
from tests.helpers import ROOT


def test_the_environment_says_where_data_is(own_data_folder, monkeypatch):
    assert place.data_folder() == str(own_data_folder)
    monkeypatch.setenv('SENTIMENT_DATA', 'elsewhere')
    assert place.data_folder() == 'elsewhere'


@pytest.mark.parametrize('said', [None, ''])
def test_a_checkout_keeps_its_data_beside_the_scripts(said, monkeypatch):
    monkeypatch.delenv('SENTIMENT_DATA')
    if said is not None:
        monkeypatch.setenv('SENTIMENT_DATA', said)
    assert place.data_folder() == os.path.join(ROOT, 'data')


def test_an_installed_package_keeps_its_data_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv('SENTIMENT_DATA')
    monkeypatch.setattr(place, 'ROOT', str(tmp_path))  # as site-packages, it has no setup.cfg
    assert place.data_folder() == os.path.join(str(pooch.os_cache('lstm-sentiment')), 'data')
