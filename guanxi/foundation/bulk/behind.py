"""A bulk session whose appends run behind: the next rows are made while the last ones are being written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pyarrow as pa

from guanxi.foundation.bulk import BulkSession

AT_MOST = 200_000  # rows that may wait beside the last table, for the sake of memory


class WriteBehind:
    """Wraps a session. Appends are written in their order by a thread; every other call waits for them first.

    So an error of an append is raised by a later call, `commit` at the latest; until then nothing is final anyway.
    """

    def __init__(self, session: BulkSession) -> None:
        self.session, self.vendor = session, session.vendor
        self._thread = ThreadPoolExecutor(1)
        self._waiting: deque[tuple[int, Future[None]]] = deque()  # rows, and the writing of them

    def append(self, table: str, rows: pa.Table) -> None:
        self._wait(AT_MOST)
        self._waiting.append((rows.num_rows, self._thread.submit(self.session.append, table, rows)))

    def execute(self, sql: str) -> int:
        self._wait()
        return self.session.execute(sql)

    def read(self, sql: str, schema: pa.Schema) -> pa.Table:
        self._wait()
        return self.session.read(sql, schema)

    def stream(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        self._wait()
        return self.session.stream(sql, schema)

    def stage(self, name: str, rows: pa.Table) -> None:
        self._wait()
        self.session.stage(name, rows)

    def reserve_ids(self, table: str, count: int) -> int:
        self._wait()
        return self.session.reserve_ids(table, count)

    def begin(self) -> None:
        self._wait()
        self.session.begin()

    def commit(self) -> None:
        self._wait()
        self.session.commit()

    def rollback(self) -> None:
        self._give_up()
        self.session.rollback()

    def close(self) -> None:
        self._give_up()
        self._thread.shutdown()
        self.session.close()

    def _wait(self, left: int = -1) -> None:
        """Until no more than `left` rows are waiting, by default no table at all, of no rows either; raises what an
        append raised."""
        waiting = sum(count for count, _writing in self._waiting)
        while self._waiting and waiting > left:
            count, writing = self._waiting.popleft()
            writing.result()
            waiting -= count

    def _give_up(self) -> None:
        while self._waiting:
            _count, future = self._waiting.popleft()
            if not future.cancel():
                with suppress(Exception):  # it has been told, or is of no interest in what is taken back
                    future.result()
