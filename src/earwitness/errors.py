"""Every error that Earwitness raises on purpose.

::

    EarwitnessError
    ├── InputError                what somebody gave us cannot be used; names it
    │   ├── AudioError            a recording that cannot be decoded or is too large
    │   ├── ManifestError         a TSV of recordings that cannot be read
    │   ├── JudgementError        a judgement that contradicts itself
    │   │   └── AlreadyJudged     a second answer of the same analyst
    │   ├── ProtocolError         a peer that breaks the rules of its protocol
    │   ├── TooLarge              more than is taken at once
    │   └── TermRefused           a term that cannot be honoured, and why
    ├── EngineError               a recogniser failed on audio that should be fine
    │   └── LexiconUnsupported    teaching against an engine without live terms
    ├── StoreError                the store cannot be read or written
    │   ├── NotFound
    │   ├── LeaseLost             late, stolen or released: the answer is refused
    │   └── RevisionConflict      somebody else published in between
    ├── LogBroken                 the log of incidents is not what it was
    ├── NotWitnessed              too few witnesses signed; what was sent is kept
    ├── NotStamped                no authority says by when the log's head was there
    ├── NotDelivered              the other side did not take a message
    ├── AccessRefused             a code, key or device that may not, or no longer
    ├── Stopped                   somebody ended a long piece of work before it was done
    ├── Overloaded                more is said at once than can be heard in time
    └── SettingsError             a setting that cannot work

The docstring of a class is its default message. The command line prints the
message and exits with the class's ``exit_code``.
"""

from __future__ import annotations


class EarwitnessError(Exception):
    """Something went wrong."""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class InputError(EarwitnessError):
    """The input cannot be used."""

    exit_code = 2


class AudioError(InputError):
    """The recording cannot be decoded."""


class ManifestError(InputError):
    """The manifest cannot be read."""


class JudgementError(InputError):
    """The judgement contradicts itself."""


class AlreadyJudged(JudgementError):
    """This analyst has answered this clip before."""


class ProtocolError(InputError):
    """The peer breaks the rules of its protocol. ``code`` names the rule for programs."""

    def __init__(self, message: str | None = None, code: str = "malformed") -> None:
        super().__init__(message)
        self.code = code


class TooLarge(InputError):
    """More was sent than is taken."""


class TermRefused(InputError):
    """The term cannot be honoured."""


class EngineError(EarwitnessError):
    """The recogniser failed."""

    exit_code = 3


class LexiconUnsupported(EngineError):
    """This engine does not honour live terms, so teaching it would change nothing."""


class StoreError(EarwitnessError):
    """The store cannot be read or written."""

    exit_code = 4


class NotFound(StoreError):
    """There is no such record."""

    exit_code = 2


class LeaseLost(StoreError):
    """The lease has expired or belongs to somebody else, so the answer was refused."""


class RevisionConflict(StoreError):
    """The lexicon was published by somebody else in between; try again."""


class LogBroken(EarwitnessError):
    """The log is not what it was: somebody changed it, or put back an older state."""

    exit_code = 6


class NotWitnessed(EarwitnessError):
    """Too few witnesses signed the log's head, so nothing is acknowledged yet; send it again."""

    exit_code = 6


class NotStamped(EarwitnessError):
    """The authority did not stamp the log's head; it is asked again."""


class NotDelivered(EarwitnessError):
    """The other side did not take the message; it is sent again."""


class AccessRefused(EarwitnessError):
    """This code, key or device may not speak here."""

    exit_code = 2


class Stopped(EarwitnessError):
    """It was stopped before it was done, and nothing of it was kept; start it again."""


class Overloaded(EarwitnessError):
    """More is being said at once than can be heard in time; try again later."""

    def __init__(self, message: str | None = None, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds after which it is worth trying again."""


class SettingsError(EarwitnessError):
    """A setting cannot work."""

    exit_code = 5
