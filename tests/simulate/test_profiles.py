import numpy as np
import pytest

from gmtools.simulate import profiles

WANTED = np.exp(np.random.default_rng(1).normal(np.log(400), 0.45, 3000)).clip(120, 2000)


@pytest.fixture(scope="module")
def ground():
    return profiles.draw(np.random.default_rng(2), WANTED)


def test_vs30_comes_out_as_wanted_unless_a_limit_moved_it(ground):
    ratio = ground.vs30_m_s / WANTED
    assert np.mean(np.abs(ratio - 1) < 1e-9) > 0.9
    assert np.log(ground.vs30_m_s).std() == pytest.approx(np.log(WANTED).std(), rel=0.03)
    assert np.median(ground.vs30_m_s) == pytest.approx(400, rel=0.05)


def test_rock_is_within_its_limits_and_fastest(ground):
    rock = ground.vs_m_s[:, -1]
    assert rock.min() >= 600 and rock.max() <= 3300
    assert (ground.vs_m_s[:, :-1] <= 0.95 * rock[:, None] + 1e-9).all()


def test_layers_are_two_to_five_or_a_gradient_of_eight(ground):
    counts = (ground.thickness_m > 0).sum(-1)
    assert set(counts) == {2, 3, 4, 5, 8}
    assert np.mean(counts == 8) == pytest.approx(0.4, abs=0.03)
    assert ground.bedrock_depth_m.min() >= 3 - 1e-9 and ground.bedrock_depth_m.max() <= 400 + 1e-9


def test_soft_ground_is_deeper(ground):
    depth = ground.bedrock_depth_m
    assert np.median(depth[WANTED < 300]) > 1.4 * np.median(depth[WANTED > 600])


def test_p_waves_are_faster_and_amplify_at_higher_frequency(ground):
    assert (ground.vp_m_s > 1.4 * ground.vs_m_s).all()
    frequency = np.linspace(0.1, 50, 500)
    s, p = profiles.Profiles(ground.thickness_m[:50], ground.vs_m_s[:50]).transfer_functions(frequency)
    first = [np.median(frequency[np.abs(part).argmax(-1)]) for part in (s, p)]
    assert s.shape == p.shape == (50, 500) and first[1] > first[0]
    s_delay, p_delay = ground.delays_s()
    assert (p_delay < s_delay).all()
