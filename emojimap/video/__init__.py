"""Films and cameras: the avatar beside each frame.

    source -> tracker -> looks, moods -> evidence -> steady -> artist -> sink

Nothing heavy is imported before a film is opened.
"""

from __future__ import annotations

from emojimap.errors import VideoError
from emojimap.video.making import HEIGHT, Report, convert
from emojimap.video.settings import VideoSettings

__all__ = ["HEIGHT", "Report", "VideoError", "VideoSettings", "convert"]
