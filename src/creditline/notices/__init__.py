"""What a borrower is told of a decision, worked out from the decision, its policy and the law of a jurisdiction."""

from creditline.notices.content import notice_of
from creditline.notices.model import KINDS, Kind, Notice, kind_of
from creditline.notices.profile import Profile, ProfileError, load_profile, read_profile, shipped_profiles
from creditline.notices.ways import PlanGiven, ProgressGiven, StepGiven, plan_notice, progress_notice

__all__ = [
    "KINDS", "Kind", "Notice", "PlanGiven", "Profile", "ProfileError", "ProgressGiven", "StepGiven", "kind_of",
    "load_profile", "notice_of", "plan_notice", "progress_notice", "read_profile", "shipped_profiles",
]  # fmt: skip
