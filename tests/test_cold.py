"""Continuous integration begins cold: what works with warm caches only must fail there."""

import os

import pytest


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="caches may be warm outside of CI")
def test_the_caches_were_empty_at_the_start():
    assert os.environ["BOOK_WARM_CACHES"] == ""
