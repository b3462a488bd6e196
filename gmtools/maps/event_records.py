"""Records grouped by event for networks that predict maps: a list of pixels and targets for each event."""

from dataclasses import dataclass, replace

import numpy as np

from gmtools import columns
from gmtools.errors import GridError


@dataclass(frozen=True)
class EventRecords:
    """Events and the observations of each, padded to the largest number of records, m.

    Several records in one pixel are several entries: each counts in the loss.

    Attributes
    ----------
    event_id : ndarray, (n,)
    events : ndarray, (n, n_numbers), float32
        What describes an event: magnitude, longitude, latitude (degrees), depth (km), and what a study appends.
    pixel : ndarray, (n, m), int32
        Row times the number of columns plus column, in the network's output map; 0 where there is no record.
    target : ndarray, (n, m), float32
        NaN where there is no record, or where it is hidden.
    row : ndarray, (n, m), int
        Row of the table that the entry comes from; -1 where there is no record.
    """

    event_id: np.ndarray
    events: np.ndarray
    pixel: np.ndarray
    target: np.ndarray
    row: np.ndarray

    def __len__(self):
        return len(self.event_id)

    def select(self, keep):
        """Only some events.

        Parameters
        ----------
        keep : (n,) bool array or array of int
            Which events. The rows of the table that :attr:`row` names stay those of the whole table.
        """
        keep = np.asarray(keep)
        return replace(self, **{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})

    def hide(self, hidden):
        """Copy without the targets of some records, of held-out stations for instance; they are not learned from.

        Parameters
        ----------
        hidden : (n_records,) bool array
            In the order of the table.
        """
        gone = (self.row >= 0) & np.asarray(hidden, bool)[self.row]
        return replace(self, target=np.where(gone, np.float32(np.nan), self.target))

    def to_table(self, values, n_records):
        """Bring padded values back into the order of the table.

        Parameters
        ----------
        values : (n, m, ...) array
        n_records : int
            Rows of the table.

        Returns
        -------
        ndarray, (n_records, ...)
            NaN for records that are not here.
        """
        values = np.asarray(values)
        table = np.full((n_records, *values.shape[2:]), np.nan)
        there = self.row >= 0
        table[self.row[there]] = values[there]
        return table


def pack(placed, target, shape, border=0, extra=()):
    """Group a table of records by event.

    Parameters
    ----------
    placed : DataFrame
        From :func:`gmtools.maps.grids.place`: records with their pixel, and magnitude, place and depth of their event.
    target : (n_records,) array_like
        What is to be predicted, such as ln SA; NaN where a record has no value.
    shape : (int, int)
        Rows and columns of the input maps.
    border : int
        Pixels that the output lacks at each edge, see :func:`gmtools.models.unet.border`.
    extra : sequence of str
        Columns appended to what describes an event.

    Returns
    -------
    EventRecords
        Events in the order of their ids; the numbers of an event are those of its first record.

    Raises
    ------
    GridError
        A station lies in the border, for which the network predicts nothing.
    """
    height, width = (side - 2 * border for side in shape)
    y, x = (placed[name].to_numpy() - border for name in (columns.PIXEL_ROW, columns.PIXEL_COLUMN))
    _check_inside((y >= 0) & (y < height) & (x >= 0) & (x < width), placed, border, (height, width))
    event_id, event = np.unique(placed[columns.EVENT].to_numpy(), return_inverse=True)
    numbers = [columns.MAGNITUDE, columns.EVENT_LONGITUDE, columns.EVENT_LATITUDE, columns.HYPOCENTRAL_DEPTH, *extra]
    count = np.bincount(event, minlength=len(event_id))
    order = np.argsort(event, kind="stable")
    first = np.cumsum(count) - count
    place = (event[order], np.arange(len(order)) - np.repeat(first, count))
    size = (len(event_id), int(count.max(initial=0)))
    pixel, row = np.zeros(size, "int32"), np.full(size, -1)
    values = np.full(size, np.nan, "float32")
    pixel[place], row[place], values[place] = (y * width + x)[order], order, np.asarray(target, "float32")[order]
    events = placed[numbers].to_numpy("float32")[order[first]] if len(order) else np.empty((0, len(numbers)), "float32")
    return EventRecords(event_id, events, pixel, values, row)


def _check_inside(inside, placed, border, size):
    if inside.all():
        return
    station = placed.loc[~inside, columns.STATION].iloc[0]
    raise GridError(
        f"{int((~inside).sum())} of {len(inside)} records lie within {border} pixels of the edge of the grid, the "
        f"first of station {station}; a network without padding predicts only the {size[0]} x {size[1]} pixels inside. "
        "Make the grid larger by the border on each side, drop them, or use padding='symmetric'."
    )
