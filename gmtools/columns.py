"""Names of the standard table columns. The name carries the unit."""

EVENT = "event_id"
STATION = "station_id"
MAGNITUDE = "magnitude"
RAKE = "rake_deg"
HYPOCENTRAL_DEPTH = "hypocentral_depth_km"
RJB = "rjb_km"
RRUP = "rrup_km"
REPI = "repi_km"
RHYP = "rhyp_km"
VS30 = "vs30_m_s"
EVENT_LONGITUDE = "event_longitude"
EVENT_LATITUDE = "event_latitude"
STATION_LONGITUDE = "station_longitude"
STATION_LATITUDE = "station_latitude"
PGA = "pga_g"
PGV = "pgv_cm_s"
RECORD_NUMBER = "rsn"  # PEER's record sequence number
VS30_MEASURED = "vs30_is_measured"
RRUP_MISSING = "rrup_is_missing"
STYLE = "style_of_faulting"  # normal, reverse or strike-slip
NATION = "event_nation"  # two-letter code of the country of the epicenter
DEPTH_LISTED = "depth_is_listed"  # false: a depth was assumed
ORIGIN_TIME = "origin_time"
LONGITUDE = "longitude"
LATITUDE = "latitude"
SLOPE = "slope_m_m"
VELOCITY = "velocity_m_s"  # of a geological class, not VS30
PIXEL_ROW = "pixel_row"
PIXEL_COLUMN = "pixel_column"
NETWORK = "network"
SENSOR_DEPTH = "sensor_depth_m"  # 0 at the surface
BEDROCK_DEPTH = "bedrock_depth_m"  # to the seismic bedrock, of the model that ``bedrock_model`` names
BEDROCK_MODEL = "bedrock_model"
ELEVATION = "elevation_m"
RECORD = "record_id"
P_TIME = "p_time_s"  # since the first sample
S_TIME = "s_time_s"
SNR = "signal_to_noise_db"
SAMPLING_RATE = "sampling_rate_hz"
RHYP_MISMATCH = "rhyp_mismatch_km"  # distance from the listed coordinates minus the listed distance
SENSOR = "sensor"
F0 = "f0_hz"  # peak frequency of H/V
HV_AMPLITUDE = "hv_amplitude"  # H/V at the peak
SITE_CLASS = "site_class"

# Truth that a simulation attaches to its records: natural logarithms, for PGA in g unless a period is appended.
TRUE_MEDIAN = "true_median_ln"
TRUE_EVENT_TERM = "true_event_term"
TRUE_STATION_TERM = "true_station_term"
TRUE_RECORD_TERM = "true_record_term"
TRUE_SOURCE_TERM = "true_source_term"  # what the place of the source adds
TRUE_PATH_TERM = "true_path_term"
TRUE_SITE_FIELD = "true_site_field"  # the part of the station term that a map can know
TRUE_BOREHOLE_TERM = "true_borehole_term"  # what a sensor below the surface records less, negative
TRUE_RJB = "true_rjb_km"

# The thirteen ordinates of Sedaghati & Pezeshk (2026): PGA, written as period 0, and twelve PSA periods in seconds.
PERIODS = (0.0, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

# What a number of a record can be; PSA is held to 0 to 50 g. Beyond stands a wrong unit, a wrong column, or damage.
LIMITS = {
    MAGNITUDE: (-3, 10),
    RAKE: (-360, 360),
    HYPOCENTRAL_DEPTH: (-10, 800),
    **dict.fromkeys((EVENT_LONGITUDE, STATION_LONGITUDE), (-180, 360)),
    **dict.fromkeys((EVENT_LATITUDE, STATION_LATITUDE), (-90, 90)),
    **dict.fromkeys((RJB, RRUP, REPI, RHYP), (0, 20_100)),
    VS30: (20, 6000),
    PGA: (0, 10),
    PGV: (0, 2000),
}


def psa(period: float) -> str:
    """Column of the 5 %-damped pseudo-spectral acceleration (g) at ``period`` (s); period 0 is PGA.

    >>> psa(0.2), psa(1.0), psa(0)
    ('psa_0.2s_g', 'psa_1s_g', 'pga_g')
    """
    return PGA if period == 0 else f"psa_{period:g}s_g"


def period_label(period: float) -> str:
    """How an ordinate is written in figures and tables.

    >>> period_label(0), period_label(0.075)
    ('PGA', 'PSA(0.075 s)')
    """
    return "PGA" if period == 0 else f"PSA({period:g} s)"
