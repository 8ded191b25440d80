"""What can go wrong in the service, as one tree under that of `model.errors`.

    RemocapError (model.errors)
    |-- UsageError, InputError, NobodyFoundError, OutputError    of one video, offline too
    `-- ServiceError
        |-- UnauthenticatedError        nobody we know: no key, or one that does not hold
        |-- ForbiddenError              known, or not asked, but this may not be done
        |-- NotFoundError               no such job, model, track or format
        |-- GoneError                   it was here, and was deleted
        |-- NotReadyError               ask again later
        |-- JobOverError                the job has ended, so this cannot be done to it
        |-- JobFailedError              there is no result, because of the video
        |-- FaultError                  there is no result, because of us
        |-- IdempotencyConflictError    this key was used for another request
        |-- UploadError                 the request's body cannot be taken in
        |   |-- TooLargeError           it is larger than the limits allow
        |   `-- UnsupportedTypeError    it is neither a form nor a video
        |-- NotAcceptableError          none of the forms that the client takes can be had
        |-- LeaseLostError              the work was given to another process; drop it
        |-- BadMessageError             what lies in Redis or the store is not of this version
        `-- LaterError                  worth another try; carries retry_after_s
            |-- OverCapacityError       too much is waiting
            `-- UnavailableError        a part of the service is missing
                |-- BrokerUnavailableError, StoreUnavailableError, StoreFullError
                |-- ModelUnavailableError    no worker has served the model for long
                `-- DrainingError            this process is going down

Each carries a stable `code`, and where a class stands for a single case its code is fixed. The
fronts hold one table each from class to status; this module knows neither.
"""

from typing import ClassVar

from model.errors import RemocapError


class ServiceError(RemocapError):
    """Base of what only a service can run into."""


class UnauthenticatedError(ServiceError):
    """Who asks is not known; `key_missing`, `key_invalid`, `session_ended`, `link_invalid`."""


class ForbiddenError(ServiceError):
    """It may not be done; codes `unknown_host`, `foreign_origin`, `read_only`."""


class NotFoundError(ServiceError):
    """No such job, model, track or format; codes `unknown_job`, `unknown_model`, ..."""


class GoneError(ServiceError):
    """A job that was deleted; code `job_deleted`."""


class NotReadyError(ServiceError):
    """What was asked for will be there later; code `not_ready`."""


class JobOverError(ServiceError):
    """The job has ended; code `job_over`. To a media process or a worker it means: stop."""


class JobFailedError(ServiceError):
    """A job or an export failed; code and message are those it failed with."""


class FaultError(ServiceError):
    """The same, where another video would have failed as well."""


class IdempotencyConflictError(ServiceError):
    """The key was used for a request with other content; code `idempotency_conflict`."""


class UploadError(ServiceError):
    """The body cannot be taken in; codes `upload_incomplete`, `no_video_field`, ..."""


class TooLargeError(UploadError):
    """The body is over a limit; code `upload_too_large`."""


class UnsupportedTypeError(UploadError):
    """The body's type is none we read; code `unsupported_media_type`."""


class NotAcceptableError(ServiceError):
    """Accept names no form of a result; code `not_acceptable`."""


class LeaseLostError(ServiceError):
    """The lease has lapsed or was handed to another process; code `lease_lost`."""


class BadMessageError(ServiceError):
    """A message that this version cannot read; code `bad_message`."""


class LaterError(ServiceError):
    """Worth another try after a while.

    Args:
        code: As of every `RemocapError`.
        message: As of every `RemocapError`.
        retry_after_s: Seconds after which a new try may succeed.
    """

    exit_status = 5
    default_retry_s: ClassVar[float] = 5.0

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after_s = self.default_retry_s if retry_after_s is None else retry_after_s

    def __reduce__(self) -> tuple[type["LaterError"], tuple[str, str, float]]:  # type: ignore[override]  # one argument more
        """Survive the way from a child process."""
        return type(self), (self.code, self.message, self.retry_after_s)


class OverCapacityError(LaterError):
    """Too much is waiting; codes `tenant_over_limit`, `service_over_limit`."""


class UnavailableError(LaterError):
    """A part of the service is missing."""


class BrokerUnavailableError(UnavailableError):
    """Redis does not answer, or refuses; code `redis_unavailable`."""


class StoreUnavailableError(UnavailableError):
    """The store does not answer, or refuses; code `store_unavailable`."""


class ModelUnavailableError(UnavailableError):
    """No worker has served the model for long; code `model_unavailable`."""


class DrainingError(UnavailableError):
    """This process takes nothing new any more; code `draining`."""


class StoreFullError(UnavailableError):
    """No room is left in the store; code `disk_full`."""

    default_retry_s = 60.0
