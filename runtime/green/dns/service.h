// SPDX-License-Identifier: BSL-1.0
// Ports by their names.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace green::dns {

// The port of a service: a number from 0 to 65535, a name or alias in /etc/services (services(5); TCP before UDP), or
// one of a few that everybody knows, for machines without that file: http, https, domain, ssh, ftp, smtp. None when
// it is none of these. Does not park.
std::optional<std::uint16_t> find_service(std::string_view service);

}  // namespace green::dns
