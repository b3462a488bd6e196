"""The ground below a station: layers and what they do to waves, picks, stored records."""
