// SPDX-License-Identifier: BSL-1.0
// The face of the core library: fibers, synchronisation, sockets and names. HTTP has <green/http/...>.
#pragma once

#include <green/base/address.h>
#include <green/dns/resolver.h>
#include <green/fiber/fiber.h>
#include <green/fiber/local.h>
#include <green/fiber/sleep.h>
#include <green/fiber/spawn.h>
#include <green/fiber/would_block_forever.h>
#include <green/hub/hub.h>
#include <green/io/fd_wait.h>
#include <green/io/stream.h>
#include <green/io/transfer.h>
#include <green/net/connect.h>
#include <green/net/tcp.h>
#include <green/net/udp.h>
#include <green/sync/barrier.h>
#include <green/sync/cancel_scope.h>
#include <green/sync/channel.h>
#include <green/sync/condition_variable.h>
#include <green/sync/event.h>
#include <green/sync/exception_group.h>
#include <green/sync/future.h>
#include <green/sync/group.h>
#include <green/sync/latch.h>
#include <green/sync/mutex.h>
#include <green/sync/pool.h>
#include <green/sync/queue.h>
#include <green/sync/recursive_mutex.h>
#include <green/sync/select.h>
#include <green/sync/semaphore.h>
#include <green/sync/shared_mutex.h>
#include <green/sync/task_group.h>
#include <green/sync/timeout.h>
#include <green/sync/wait.h>
