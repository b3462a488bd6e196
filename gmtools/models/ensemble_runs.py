"""Trains the missing members of an ensemble: here, in several processes, or on a Dask cluster."""

import os
import tempfile
import threading
import uuid
from collections import deque
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tqdm.auto import tqdm

from gmtools.errors import ClusterUnreachable, GmtoolsError, WorkerLost
from gmtools.models import members

_PATIENCE_S = 30
_one_at_a_time = threading.Lock()


def train_missing(name, architecture, static, tasks, settings, *, workers=1, scheduler=None):
    """Train the members that are not stored yet, and store each as soon as it is trained.

    A member whose process dies is given to another: on this machine, and wherever the processes see the folder of
    ``tasks``, it goes on from its last epoch.

    Parameters
    ----------
    name, architecture, static, settings, workers, scheduler
        See :func:`gmtools.models.ensembles.train`. On a cluster a member at a time is sent to each worker, so that
        workers need one thread for Dask, and gmtools of this version; they need no disk in common with this machine.
    tasks : dict of Path to gmtools.models.members.Member
        Members, and where they are to be stored: see :func:`gmtools.models.members.member_path`.

    Raises
    ------
    ClusterUnreachable
        No scheduler answers at the address, or none of its workers within half a minute.
    WorkerLost
        Two processes died while they trained the same member (on a cluster, as many as it allows).
    GmtoolsError
        A member cannot be fitted, see :func:`gmtools.models.resumable.fit`, or a worker has another version of gmtools.
    """
    missing = {path.absolute(): member for path, member in tasks.items() if not members.is_kept(path)}
    if not missing:
        return
    next(iter(missing)).parent.mkdir(parents=True, exist_ok=True)
    ensemble = (name, architecture, static, settings)
    with _Progress(name, len(tasks), len(missing), settings.epochs) as progress:
        if scheduler is None and min(workers, len(missing)) == 1:
            for path, member in missing.items():
                report = partial(progress.epoch, path.name)
                members.train_member(name, architecture, static, member, settings, path.parent, report=report)
                progress.end(path)
            return
        with _client(scheduler, min(workers, len(missing))) as client:
            _train_on(client, ensemble, missing, progress)


class _Progress:
    """One bar over the epochs of all members; a member that stops early shortens it."""

    def __init__(self, name, total, missing, epochs):
        self.text, self.epochs = f"{name}: {{}} of {total} members", epochs
        self.trained, self.reached, self.losses = total - missing, {}, {}
        self.bar = tqdm(total=missing * epochs, desc=self.text.format(self.trained), unit="epoch", leave=False)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def epoch(self, member, epoch, loss, val_loss):
        """Show an epoch of a member, by the name of its file, and the mean loss on validation events."""
        self.reached[member], self.losses[member] = epoch, val_loss
        self.bar.set_postfix(val_loss=f"{sum(self.losses.values()) / len(self.losses):.3f}", refresh=False)
        self.bar.update(sum(self.reached.values()) - self.bar.n)

    def end(self, path):
        """Show that a member is stored, whatever was heard of its epochs until now."""
        last = members.load(path)[1].iloc[-1]
        self.bar.total -= self.epochs - int(last["epoch"])
        self.trained += 1
        self.bar.set_description(self.text.format(self.trained), refresh=False)
        self.epoch(path.name, int(last["epoch"]), last["loss"], last["val_loss"])


def _train_on(client, ensemble, missing, progress):
    """Keep as many members under way as there are workers: no more of them travel or wait anywhere."""
    from distributed import CancelledError, KilledWorker, as_completed

    topic = f"gmtools-{uuid.uuid4().hex}"
    waiting, names, under_way = deque(missing.items()), {}, as_completed(loop=client.loop)

    def submit():
        """Give every worker a member, as long as there are any."""
        while waiting and under_way.count() < max(1, len(client.nthreads())):
            path, member = waiting.popleft()
            future = client.submit(_train_there, *ensemble, member, path, topic, key=f"{topic}-{path.stem}")
            names[future.key] = path
            under_way.add(future)

    handlers = {topic: lambda event: progress.epoch(*event[1]), "all": lambda event: _tell_loss(event[1], names)}
    with _heard(client, handlers):
        submit()
        for future in under_way:
            path = names[future.key]
            try:
                members.keep(path, *future.result())
            except KilledWorker as error:
                raise WorkerLost(_advice(path, len(waiting) + under_way.count() + 1, str(error))) from None
            except CancelledError:
                lost = "the scheduler went away"
                raise ClusterUnreachable(_advice(path, len(waiting) + under_way.count() + 1, lost)) from None
            progress.end(path)
            submit()


@contextmanager
def _heard(client, handlers):
    for topic, handler in handlers.items():
        client.subscribe_topic(topic, handler)
    try:
        yield
    finally:
        for topic in handlers:
            client.unsubscribe_topic(topic)


def _advice(path, missing, reason):
    return (
        f"Member {path.stem} was not trained: {reason}. {missing} of the members are missing, the others are stored "
        f"in {path.parent}. Look whether memory ran out, take fewer workers if so, and give the same command again."
    )


def _tell_loss(event, names):
    """Say which members were under way on a worker that the scheduler has lost."""
    if isinstance(event, dict) and event.get("action") == "remove-worker" and not event.get("expected"):
        for key in set(event["processing-tasks"]) & set(names):
            tqdm.write(f"{names[key].stem}: its worker {event['worker']} died; another one goes on with it.")


def _train_there(name, architecture, static, settings, member, path, topic):
    """Train a member in this process, one of a cluster, and return the content of its two files."""
    from distributed import get_worker

    worker = get_worker()
    with ExitStack() as stack:
        folder = path.parent if path.parent.is_dir() else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        here = members.member_path(name, architecture, static, member, settings, folder)
        if here.name != path.name:
            raise GmtoolsError(f"The worker {worker.address} has another version of gmtools. Install this one there.")

        def report(*epoch):
            """Tell an epoch to whoever watches the scheduler's events."""
            worker.log_event(topic, (path.name, *epoch))

        stack.enter_context(_one_at_a_time)  # the members share their networks
        members.train_member(name, architecture, static, member, settings, folder, report=report)
        return here.read_bytes(), here.with_suffix(".json").read_bytes()


@contextmanager
def _client(scheduler, workers):
    """Client of a Dask cluster: of the one at an address, or of one of processes on this machine."""
    from distributed import Client

    with ExitStack() as stack:
        if scheduler is None:
            from bookkit.runner import worker_environment

            stack.enter_context(_environment(worker_environment(workers)))
            address = stack.enter_context(_local_cluster(workers))
        else:
            address = scheduler
        try:
            client = stack.enter_context(Client(address, timeout=_PATIENCE_S, set_as_default=False))
        except (OSError, ValueError) as error:
            raise ClusterUnreachable(
                f"No Dask scheduler answers at {scheduler!r} ({error}). Start one with 'dask scheduler' and give the "
                "address that it prints, or leave it out to train on this machine."
            ) from None
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError:
            raise ClusterUnreachable(
                f"The Dask scheduler at {scheduler!r} has no worker. Start some: dask worker {scheduler} --nthreads 1"
            ) from None
        yield client


def _local_cluster(workers):
    from distributed import LocalCluster, Nanny

    class TellingNanny(Nanny):
        """Says how its process ended, as Dask itself does only in its log."""

        def _on_worker_exit_sync(self, exitcode):
            if exitcode and self.status.name == "running":
                tqdm.write(
                    f"A process that trained a member ended with exit code {exitcode}; a new one takes its place."
                )
            super()._on_worker_exit_sync(exitcode)

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        worker_class=TellingNanny,
        dashboard_address="127.0.0.1:0",
        memory_limit=None,
        silence_logs="ERROR",
        scheduler_kwargs={"allowed_failures": 1},
    )


@contextmanager
def _environment(variables):
    """Environment variables for the processes that are started meanwhile; Dask sets some more, which go as well."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
