"""Settings: frozen dataclasses whose numbers know their range and unit, and their files.

`fields` checks values when a settings object is made; `tree` finds settings by name in a nest of
such objects; `toml` writes and reads them.
"""

from emojimap.settings.fields import Checked, setting

__all__ = ["Checked", "setting"]
