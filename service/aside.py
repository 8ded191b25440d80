"""Small things that a thread does one by one, while the main one goes on with the work."""

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
        self._begun: list[tuple[Act, Future[object]]] = []

    def __enter__(self) -> "Aside":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Who is told to leave cannot wait for a store that does not answer.
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def do(self, act: Act) -> None:
        """Have a thing done."""
        self._begun.append((act, self._pool.submit(act)))

    def settle(self) -> None:
        """Wait until all is done.

        Raises:
            Exception: What the first that failed raised.
        """
        begun, self._begun = self._begun, []
        for act, future in begun:
            try:
                future.result()
            except self._passing:
                self._insist(act)
