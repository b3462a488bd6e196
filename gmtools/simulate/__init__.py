"""Seeded data with the truth attached, for lessons without real data and for tests that know the answer."""
