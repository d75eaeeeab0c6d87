# SPDX-License-Identifier: MIT
"""What the end-to-end tests are made of; the fixtures that hand it out are in conftest.py."""
