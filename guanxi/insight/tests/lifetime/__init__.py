"""Tests of the models of lifetime value on simulated customers."""
