# SPDX-License-Identifier: MIT
"""Fixtures of the wire conversations: those of the end-to-end tests' helpers."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
