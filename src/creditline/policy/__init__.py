"""The policy language: reading, checking, compiling to the kernel, exporting to SQL, versions."""

from creditline.policy.model import Policy, Rule
from creditline.policy.reading import load_policy, read_policy, shipped_policies
from creditline.policy.source import PolicyErrors, Problem

__all__ = ["Policy", "PolicyErrors", "Problem", "Rule", "load_policy", "read_policy", "shipped_policies"]
