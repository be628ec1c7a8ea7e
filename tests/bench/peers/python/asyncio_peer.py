#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The programs of the peers' bench on asyncio; see peer.py."""
import peer

peer.run("asyncio_timed", "asyncio_serving", "asyncio_names")
