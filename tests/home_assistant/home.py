"""A real Home Assistant core in this process, without its web pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from homeassistant import config as configuration
from homeassistant import loader
from homeassistant.bootstrap import CORE_INTEGRATIONS, async_load_base_functionality
from homeassistant.components import assist_pipeline, stt
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Context, CoreState, HomeAssistant
from homeassistant.setup import async_setup_component

ENGLISH = stt.SpeechMetadata(
    language="en",
    format=stt.AudioFormats.WAV,
    codec=stt.AudioCodecs.PCM,
    bit_rate=stt.AudioBitRates.BITRATE_16,
    sample_rate=stt.AudioSampleRates.SAMPLERATE_16000,
    channel=stt.AudioChannels.CHANNEL_MONO,
)
"""What Home Assistant says of the speech that it sends."""


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Home Assistant as its own start makes it, up to where it would open its web pages."""
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await async_load_base_functionality(hass)
    await configuration.async_process_ha_core_config(hass, {})
    for name in CORE_INTEGRATIONS:
        assert await async_setup_component(hass, name, {})
    hass.set_state(CoreState.running)
    try:
        yield hass
    finally:
        await hass.async_stop()


async def added(hass: HomeAssistant, port: int) -> ConfigEntry:
    """The integration as a person adds it: "Wyoming Protocol", host, port."""
    answer: Any = await hass.config_entries.flow.async_init(
        "wyoming",
        context={"source": SOURCE_USER},
        data={"host": "127.0.0.1", "port": port},
    )
    await hass.async_block_till_done()
    return answer["result"]


def recogniser(hass: HomeAssistant) -> stt.SpeechToTextEntity:
    """The one that Home Assistant would choose by itself."""
    entity = stt.async_get_speech_to_text_entity(hass, stt.async_default_engine(hass) or "")
    assert entity is not None
    assert hass.states.get(entity.entity_id).state != STATE_UNAVAILABLE
    return entity


async def chunks(pcm: bytes, size: int = 2048) -> AsyncIterator[bytes]:
    """16-bit mono at 16 kHz, as a satellite's microphone gives it."""
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]


async def assisted(
    hass: HomeAssistant, pcm: bytes, told: Callable[[assist_pipeline.PipelineEvent], None]
) -> None:
    """Speech to text by Home Assistant's voice pipeline, which cuts the speech itself."""
    (pipeline,) = assist_pipeline.async_get_pipelines(hass)
    engine = recogniser(hass).entity_id
    await assist_pipeline.async_update_pipeline(
        hass, pipeline, stt_engine=engine, stt_language="en"
    )
    await assist_pipeline.async_pipeline_from_audio_stream(
        hass,
        context=Context(),
        event_callback=told,
        stt_metadata=ENGLISH,
        stt_stream=chunks(pcm),
        end_stage=assist_pipeline.PipelineStage.STT,
    )
