#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""The programs of the peers' bench on gevent; see peer.py."""
import peer

peer.run("gevent_timed", "gevent_serving", "gevent_names")
