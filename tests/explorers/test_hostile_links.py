"""Links that carry what no slider can: every explorer takes what is nearest, or its default, and works."""

import pytest

HOSTILE = {
    "ground_motion": {
        "magnitude=1e9&rjb_km=-5&vs30_m_s=x&models=%3Cimg%20src%3Dx%3E,BSSA14&payload=1": {
            "Magnitude M": "8", "Distance RJB (km)": "0", "VS30 (m/s)": "400",
        },
    },
    "event_map": {
        "region=x&quantity=x": {"Magnitude M": "6.1"},
        "region=constructor&quantity=__proto__&magnitude=-1e300": {"Magnitude M": "3"},
        "magnitude=1e9&latitude=1e9&longitude=-1e9&depth_km=-5": {"Magnitude M": "8", "Depth (km)": "0"},
    },
    "horizontal_to_vertical": {
        "window_length_s=0&smoothing_b=1e9&rejection=-1": {"Window length (s)": "10"},
        "window_length_s=1e9&smoothing_b=0": {"Window length (s)": "80"},
        "window_length_s=-5&recording=constructor": {"Window length (s)": "10"},
    },
    "site_record": {
        "vs30_m_s=0&rock_depth_m=1e9&damping=-1&magnitude=1e9&rhyp_km=0": {"Magnitude M": "6.5"},
        "ground=x&realization=99&magnitude=x": {"Magnitude M": "6"},
        "realization=2.5&vs30_m_s=-1e300": {"Magnitude M": "6"},
    },
}  # fmt: skip


@pytest.mark.parametrize(("name", "state"), [(name, state) for name, states in HOSTILE.items() for state in states])
def test_a_hostile_link_does_no_harm(name, state, visit, standalone):
    opened = visit(f"{standalone(name)}#explorer={name}&{state}", offline=True)
    page = opened.page
    page.wait_for_function("document.querySelector('.gmx-live')?.textContent.length > 20")
    for label, value in HOSTILE[name][state].items():
        assert page.get_by_label(f"{label}, number").input_value() == value
    told = page.locator(".gmx-live").first.inner_text()
    assert "NaN" not in told and "undefined" not in told
    page.get_by_role("slider").first.press("ArrowLeft")
    page.get_by_role("slider").first.press("ArrowRight")
    assert page.locator(".gmx img").count() == 0 and opened.faults == []
