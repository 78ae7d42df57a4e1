"""Stories: courses of events with the decisions expected of them, in a form a risk analyst writes and reads."""

from __future__ import annotations

from creditline.stories.load import load_story, read_story
from creditline.stories.model import Difference, Story, StoryErrors, Told
from creditline.stories.run import play, tell

__all__ = ["Difference", "Story", "StoryErrors", "Told", "load_story", "play", "read_story", "tell"]
