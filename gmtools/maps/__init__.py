"""Maps: grids and layers on them, the input maps of an event, kriging."""
