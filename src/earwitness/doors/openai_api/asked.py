"""What a request asks for, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from earwitness.doors.openai_api.errors import ApiError

ENGLISH = ("en", "english")
LISTS = ("include", "keywords", "languages", "timestamp_granularities")

FITTING = {
    "timestamp_granularities": ("verbose_json",),
    "include": ("json",),
    "stream": ("json", "text"),
}
"""The formats in which a field means something."""


def _english(value: object) -> object:
    """``en``, ``en-GB`` and ``english`` are all the same to us."""
    language = str(value).casefold().replace("_", "-").partition("-")[0]
    if language not in ENGLISH:
        raise ValueError(f"only English is understood here, not {value!r}")
    return value


def _with_english(value: object) -> object:
    languages = value if isinstance(value, list) else [value]
    if not any(str(each).casefold().partition("-")[0] in ENGLISH for each in languages):
        raise ValueError("only English is understood here")
    return value


def _no_speakers(value: object) -> object:
    raise ValueError("this server does not tell speakers apart")


def _no_tuning(value: object) -> object:
    if value not in ("auto", "server_vad"):
        raise ValueError("pauses are found by the server's own rule; only 'auto' is possible")
    return value


Unspoken = Annotated[Any, BeforeValidator(_no_speakers)]


class Asked(BaseModel):
    """The fields of OpenAI's API. ``temperature`` changes nothing: our search is deterministic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    language: Annotated[str | None, BeforeValidator(_english)] = None
    languages: Annotated[list[str], BeforeValidator(_with_english)] = ["en"]
    prompt: str = Field("", max_length=10_000)
    keywords: list[str] = []
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: float = Field(0.0, ge=0, le=1)
    include: list[Literal["logprobs"]] = []
    timestamp_granularities: list[Literal["word", "segment"]] = []
    stream: bool = False
    chunking_strategy: Annotated[str, BeforeValidator(_no_tuning)] = "auto"
    known_speaker_names: Unspoken = None
    known_speaker_references: Unspoken = None

    @field_validator("timestamp_granularities", "include", "stream")
    @classmethod
    def _fits_the_format(cls, value: object, info: ValidationInfo) -> object:
        """A format that is wrong itself is the error that is told."""
        fitting = FITTING[str(info.field_name)]
        if value and info.data.get("response_format", fitting[0]) not in fitting:
            raise ValueError(f"this needs response_format {' or '.join(fitting)}")
        return value

    @property
    def times(self) -> bool:
        """Whether the answer says when each word was said."""
        return self.response_format in ("srt", "vtt", "verbose_json")

    @property
    def words(self) -> bool:
        return "word" in self.timestamp_granularities

    @property
    def segments(self) -> bool:
        return not self.timestamp_granularities or "segment" in self.timestamp_granularities

    @property
    def logprobs(self) -> bool:
        return bool(self.include)


def asked(fields: Mapping[str, Sequence[str]]) -> Asked:
    """Raises ApiError 400, which names the field, for what cannot be done."""
    try:
        return Asked.model_validate(_plain(fields))
    except ValidationError as error:
        # With its context this frame and the error would hold each other, and the recording.
        first = error.errors(include_context=False)[0]
        param = str(first["loc"][0])
        raise ApiError(400, _why(param, first), param=param, code="invalid_value") from error


def _why(param: str, problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        return f"There is no field {param!r}."
    return f"{param}: {problem['msg'].removeprefix('Value error, ')}."


def _plain(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """``include[]`` is ``include``; ``chunking_strategy[type]`` its type, and no more of it."""
    plain: dict[str, Any] = {}
    for name, values in fields.items():
        base = name.removesuffix("[]").removesuffix("[type]")
        if base in LISTS:
            plain.setdefault(base, []).extend(values)
        elif len(values) > 1:
            raise ApiError(400, f"{base} is there more than once.", param=base)
        else:
            plain[base] = values[0]
    return plain
