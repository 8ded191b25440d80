"""Small things that a thread does one by one, while the main one goes on with the work."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

Act = Callable[[], object]


class Aside:
    """Does things aside; to be used in a `with`.

    Args:
        insist: Does a thing that failed once more, in the thread that settles; later ones may be
            done by then.
        passing: What a thing may fail with that `insist` may mend.
    """

    def __init__(
        self, insist: Callable[[Act], object], passing: tuple[type[Exception], ...]
    ) -> None:
        self._insist, self._passing = insist, passing
        self._pool = ThreadPoolExecutor(1, "aside")
        self._begun: deque[tuple[Act, Future[object]]] = deque()

    def __enter__(self) -> "Aside":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Who is told to leave cannot wait for a store that does not answer.
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def do(self, act: Act) -> None:
        """Have a thing done.

        Raises:
            Exception: What an earlier one raised, if that is known by now.
        """
        while self._begun and self._begun[0][1].done():
            self._settle_first()
        self._begun.append((act, self._pool.submit(act)))

    def settle(self) -> None:
        """Wait until all is done.

        Raises:
            Exception: What the first that failed raised.
        """
        while self._begun:
            self._settle_first()

    def _settle_first(self) -> None:
        act, future = self._begun.popleft()
        try:
            future.result()
        except self._passing:
            self._insist(act)
