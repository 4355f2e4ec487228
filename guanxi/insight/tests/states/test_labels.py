"""Labels stay put unless another state clearly leads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from guanxi.insight.states import BadData, label


def test_the_first_label_is_the_likeliest():
    assert label([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]]).tolist() == [1, 0]


def test_a_label_changes_only_by_more_than_the_margin():
    shares = [[0.45, 0.55], [0.35, 0.65], [0.6, 0.4], [0.4, 0.6]]
    assert label(shares, previous=[0, 0, 0, -1], margin=0.2).tolist() == [0, 1, 0, 1]


def test_a_path_is_the_labels_one_after_another():
    path = np.array([[[0.9, 0.1], [0.45, 0.55], [0.3, 0.7], [0.55, 0.45], [0.65, 0.35]]])
    assert label(path, margin=0.2).tolist() == [[0, 0, 1, 1, 0]]


def test_before_the_start_there_is_no_label():
    path = np.array([[[np.nan, np.nan], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]]])
    assert label(path, margin=0.2).tolist() == [[-1, 1], [0, 0]]
    assert label(path, previous=[0, -1], margin=0.7).tolist() == [[0, 0], [0, 0]]


shares = arrays(float, (4, 9, 3), elements=st.floats(0.001, 1)).map(
    lambda drawn: drawn / drawn.sum(axis=2, keepdims=True)
)


@given(shares, st.floats(0, 0.6))
def test_every_change_is_a_clear_one_and_no_clear_one_is_missed(path, margin):
    labels = label(path, margin=margin)
    step_by_step = label(path[:, 0], margin=margin)
    for period in range(9):
        if period:
            step_by_step = label(path[:, period], step_by_step, margin)
            lead = path[:, period].max(axis=1) - path[range(4), period, labels[:, period - 1]]
            assert ((labels[:, period] != labels[:, period - 1]) == (lead > margin)).all()
        assert (labels[:, period] == step_by_step).all()


def test_what_cannot_be_labelled_is_refused():
    for arguments in [([0.5, 0.5],), ([[0.5, 0.5]], [2]), ([[0.5, 0.5]], [0, 0]), ([[0.5, 0.5]], None, 1.0)]:
        with pytest.raises(BadData):
            label(*arguments)
