import numpy as np
import pandas as pd
import pytest

from gmtools import geodesy

A, E = 6378.137, 0.08181919084262


def thesis_xyz(longitude, latitude, height_km):
    """The thesis' equation 7, with a height in km."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    n = A / np.sqrt(1 - E**2 * np.sin(phi) ** 2)
    return np.array(
        [
            (n + height_km) * np.cos(phi) * np.cos(lam),
            (n + height_km) * np.cos(phi) * np.sin(lam),
            ((1 - E**2) * n + height_km) * np.sin(phi),
        ]
    )


def test_ecef_is_the_thesis_formula_with_the_depth_downwards():
    np.testing.assert_allclose(geodesy.ecef_km(13.38, 42.34, 8.8), thesis_xyz(13.38, 42.34, -8.8), atol=1e-6)


def test_depth_lowers_the_focus():
    above = geodesy.ecef_km(13.0, 42.0)
    assert np.linalg.norm(geodesy.ecef_km(13.0, 42.0, 10.0)) < np.linalg.norm(above)
    assert geodesy.hypocentral_distance_km(13.0, 42.0, 13.0, 42.0, [0, 10]) == pytest.approx([0, 10], abs=1e-9)


def test_the_sign_slip_is_as_small_as_the_study_sheet_says():
    """A focus 10 km above ground instead of below lengthens distances up to 300 km by 0.03 to 0.5 km."""
    longitude = 13 + np.linspace(0.1, 3.6, 50)
    right = geodesy.hypocentral_distance_km(longitude, 42.0, 13.0, 42.0, 10.0)
    wrong = geodesy.hypocentral_distance_km(longitude, 42.0, 13.0, 42.0, -10.0)
    assert (wrong - right).min() > 0 and (wrong - right).max() < 0.5
    assert ((wrong - right) / right).max() < 0.003


def test_distances_of_a_table():
    frame = pd.DataFrame(
        {
            "event_longitude": [13.0],
            "event_latitude": [42.0],
            "hypocentral_depth_km": [10.0],
            "station_longitude": [13.0],
            "station_latitude": [43.0],
        }
    )
    result = geodesy.with_distances(frame)
    assert result["repi_km"][0] == pytest.approx(111.08, abs=0.01)  # one degree of the meridian at 42.5 degrees
    assert result["rhyp_km"][0] == pytest.approx(np.hypot(111.08, 10), abs=0.2)
    assert "repi_km" not in frame


def test_places_are_joined_by_chains_of_short_steps_and_repeat_for_each_record():
    longitude = 13.0 + np.array([0.0, 0.010, 0.020, 0.5, 0.0])  # 0.8 km a step
    place = geodesy.same_place(longitude, np.full(5, 42.0))
    assert place[0] == place[1] == place[2] == place[4] != place[3]
    assert len(set(geodesy.same_place(longitude, np.full(5, 42.0), within_km=0.5))) == 4
