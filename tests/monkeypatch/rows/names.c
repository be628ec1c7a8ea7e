/* SPDX-License-Identifier: BSL-1.0 */
/* getaddrinfo, freeaddrinfo, getnameinfo, gethostbyname and its kin, for what no name server is asked: numbers, services,
   the hosts file, wrong use. names_test.py gives names and addresses in ROW_NAMES, for which servers are asked too. */
#include "row.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static FILE* out;

static void print_address(const struct sockaddr* address, socklen_t size) {
    char text[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in* v4 = (const void*)address;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        fprintf(out, "%s port %d size %d", text, ntohs(v4->sin_port), (int)size);
    } else {
        const struct sockaddr_in6* v6 = (const void*)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        fprintf(out, "%s port %d scope %u flow %u size %d", text, ntohs(v6->sin6_port), v6->sin6_scope_id,
                v6->sin6_flowinfo, (int)size);
    }
}

static void look_up(const char* node, const char* service, const struct addrinfo* hints) {
    struct addrinfo* found = NULL;
    errno = 4711;
    const int result = getaddrinfo(node, service, hints, &found);
    fprintf(out, "getaddrinfo(%s, %s", node ? node : "NULL", service ? service : "NULL");
    if (hints)
        fprintf(out, ", {%x, %d, %d, %d}", hints->ai_flags, hints->ai_family, hints->ai_socktype, hints->ai_protocol);
    fprintf(out, "): %d, errno %d\n", result, result == EAI_SYSTEM ? errno : 0);
    if (result != 0) return;
    for (const struct addrinfo* each = found; each; each = each->ai_next) {
        fprintf(out, "  %x %d %d %d ", each->ai_flags, each->ai_family, each->ai_socktype, each->ai_protocol);
        print_address(each->ai_addr, each->ai_addrlen);
        fprintf(out, ", %s%s\n", each->ai_canonname ? each->ai_canonname : "no name",
                each->ai_addr == (const void*)(each + 1) ? "" : ", the address stands elsewhere");
    }
    freeaddrinfo(found);
}

static void look_up_as(const char* node, const char* service, int flags, int family, int type, int protocol) {
    const struct addrinfo hints = {
        .ai_flags = flags, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol};
    look_up(node, service, &hints);
}

static void numbers(void) {
    look_up(NULL, NULL, NULL);
    look_up("127.0.0.1", NULL, NULL);
    look_up("127.0.0.1", "80", NULL);
    look_up("127.1", "80", NULL);
    look_up("0x7f000001", "80", NULL);
    look_up("::1", "80", NULL);
    look_up("::ffff:192.0.2.1", "80", NULL);
    look_up("fe80::1%lo", "80", NULL);
    look_up("fe80::1%1", "80", NULL);
    look_up("fe80::1%nosuchinterface", "80", NULL);
    look_up("2001:db8::1%7", "80", NULL);
    look_up("*", "80", NULL);
    look_up("*", "*", NULL);
    look_up(NULL, "80", NULL);
    look_up_as(NULL, "80", AI_PASSIVE, AF_UNSPEC, SOCK_STREAM, 0);
    look_up_as(NULL, "80", AI_PASSIVE, AF_INET6, SOCK_STREAM, 0);
    look_up_as("192.0.2.1", "80", AI_NUMERICHOST, AF_INET, SOCK_STREAM, 0);
    look_up_as("192.0.2.1", "80", AI_NUMERICHOST, AF_INET6, SOCK_STREAM, 0);
    look_up_as("192.0.2.1", "80", AI_V4MAPPED, AF_INET6, SOCK_STREAM, 0);
    look_up_as("::ffff:192.0.2.1", "80", 0, AF_INET, SOCK_STREAM, 0);
    look_up_as("::1", "80", 0, AF_INET, SOCK_STREAM, 0);
    look_up_as("192.0.2.1", NULL, AI_CANONNAME, AF_UNSPEC, SOCK_DGRAM, 0);
    look_up_as("localhost", NULL, AI_NUMERICHOST, AF_UNSPEC, 0, 0);
    look_up_as("", NULL, AI_NUMERICHOST, AF_UNSPEC, 0, 0);
}

static void services(void) {
    static const char* const names[] = {"http", "domain", "echo", "nosuchservice", "0", "65535", "65536", "-1", " 80",
                                        "0x50", "80 ", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        look_up("127.0.0.1", names[i], NULL);
        look_up_as("127.0.0.1", names[i], 0, AF_UNSPEC, SOCK_DGRAM, 0);
        look_up_as("127.0.0.1", names[i], 0, AF_UNSPEC, 0, IPPROTO_TCP);
        look_up_as("127.0.0.1", names[i], AI_NUMERICSERV, AF_UNSPEC, SOCK_STREAM, 0);
    }
    look_up_as("127.0.0.1", "80", 0, AF_UNSPEC, SOCK_RAW, 0);
    look_up_as("127.0.0.1", NULL, 0, AF_UNSPEC, SOCK_RAW, 17);
    look_up_as("127.0.0.1", "80", 0, AF_UNSPEC, SOCK_SEQPACKET, 0);
    look_up_as("127.0.0.1", "80", 0, AF_UNSPEC, SOCK_STREAM, IPPROTO_UDP);
    look_up_as("127.0.0.1", "80", 0, AF_UNSPEC, 4711, 0);
    look_up_as("127.0.0.1", "80", 0, AF_UNSPEC, 0, 4711);
}

static void wrong_use(void) {
    look_up_as("localhost", "80", 0x40000000, AF_UNSPEC, 0, 0);
    look_up_as(NULL, "80", AI_CANONNAME, AF_UNSPEC, 0, 0);
    look_up_as("localhost", "80", 0, AF_UNIX, 0, 0);
    look_up_as("localhost", "80", 0, 4711, 0, 0);
    look_up_as("localhost", "nosuchservice", 0, AF_UNSPEC, 0, 0);
    look_up_as("localhost", "80", AI_NUMERICSERV, AF_INET, SOCK_SEQPACKET, 0);
}

static void print_entry(const struct hostent* found) {
    if (!found) {
        fprintf(out, "  none\n");
        return;
    }
    fprintf(out, "  %s, family %d, length %d, aliases", found->h_name, found->h_addrtype, found->h_length);
    for (char** each = found->h_aliases; *each; ++each) fprintf(out, " %s", *each);
    fprintf(out, ", addresses");
    for (char** each = found->h_addr_list; *each; ++each) {
        char text[INET6_ADDRSTRLEN] = "?";
        inet_ntop(found->h_addrtype, *each, text, sizeof text);
        fprintf(out, " %s", text);
    }
    fprintf(out, "\n");
}

static void begin(void) {
    errno = 4711;
    h_errno = 4711;
}

static void report(const char* call, const char* of, const struct hostent* found) {
    const int host_error = found ? 0 : h_errno, error = host_error == NETDB_INTERNAL ? errno : 0;
    fprintf(out, "%s(%s): h_errno %d, errno %d\n", call, of, host_error, error);
    print_entry(found);
}

static void find(const char* name) {
    begin();
    report("gethostbyname", name, gethostbyname(name));
}

static void find_as(const char* name, int family) {
    begin();
    report(family == AF_INET ? "inet gethostbyname2" : family == AF_INET6 ? "inet6 gethostbyname2" : "gethostbyname2",
           name, gethostbyname2(name, family));
}

static void find_address(const char* text, int family, socklen_t size) {
    unsigned char address[16] = {0};
    inet_pton(family, text, address);
    begin();
    report("gethostbyaddr", text, gethostbyaddr(address, size, family));
}

static void report_r(const char* call, const char* of, size_t size, int result, int host_error,
                     const struct hostent* found) {
    fprintf(out, "%s(%s) in %d: %d, h_errno %d\n", call, of, (int)size, result, host_error);
    print_entry(found);
}

static void find_r(const char* name, size_t size) {
    struct hostent entry, *found;
    char* buffer = malloc(size);
    int host_error = 0;
    int result = gethostbyname_r(name, &entry, buffer, size, &found, &host_error);
    report_r("gethostbyname_r", name, size, result, host_error, found);
    host_error = 0;
    result = gethostbyname2_r(name, AF_INET, &entry, buffer, size, &found, &host_error);
    report_r("gethostbyname2_r", name, size, result, host_error, found);
    free(buffer);
}

static void find_address_r(const char* text, int family, socklen_t address_size, size_t size) {
    struct hostent entry, *found;
    unsigned char address[16] = {0};
    char* buffer = malloc(size);
    int host_error = 0;
    inet_pton(family, text, address);
    const int result = gethostbyaddr_r(address, address_size, family, &entry, buffer, size, &found, &host_error);
    report_r("gethostbyaddr_r", text, size, result, host_error, found);
    free(buffer);
}

static void entries(void) {
    find("localhost");
    find("127.0.0.1");
    find("127.1");
    find("256.256.256.256");
    find("1.2.3.4.5");
    find_as("localhost", AF_INET);
    find_as("localhost", AF_UNIX);
    find_as("::1", AF_INET6);
    find_as("127.0.0.1", AF_INET6);
    find_as("::1", AF_INET);
    find_address("127.0.0.1", AF_INET, 4);
    find_address("127.0.0.1", AF_INET, 3);
    find_address("127.0.0.1", AF_UNIX, 4);
    find_address("127.0.0.1", 4711, 16);
    for (size_t size = 1; size <= 4096; size *= 4) {
        find_r("localhost", size);
        find_r("127.0.0.1", size);
        find_address_r("127.0.0.1", AF_INET, 4, size);
    }
    find_address_r("127.0.0.1", AF_INET, 3, 1024);

    struct hostent* const by_name = gethostbyname("127.0.0.2");
    struct hostent* const by_name2 = gethostbyname2("127.0.0.3", AF_INET);
    unsigned char address[4] = {127, 0, 0, 1};
    struct hostent* const by_address = gethostbyaddr(address, 4, AF_INET);
    print_entry(by_name);
    print_entry(by_name2);
    print_entry(by_address);
    fprintf(out, "their own storage: %d\n",
            gethostbyname("127.0.0.4") == by_name && gethostbyname2("127.0.0.5", AF_INET) == by_name2);
    print_entry(by_name);
}

static void name_of(const char* what, const void* address, socklen_t size, int flags, socklen_t host_size,
                    socklen_t service_size) {
    char host[NI_MAXHOST] = "untouched", service[NI_MAXSERV] = "untouched";
    errno = 4711;
    const int result = getnameinfo(address, size, host, host_size, service, service_size, flags);
    fprintf(out, "getnameinfo(%s, %x): %d, errno %d, %s %s\n", what, flags, result, result == EAI_SYSTEM ? errno : 0,
            result == 0 ? host : "", result == 0 ? service : "");
}

static void name_of_text(const char* text, int port, int flags) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        name_of(text, &v4, sizeof v4, flags, NI_MAXHOST, NI_MAXSERV);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        name_of(text, &v6, sizeof v6, flags, NI_MAXHOST, NI_MAXSERV);
}

static void names(void) {
    name_of_text("127.0.0.1", 80, 0);
    name_of_text("127.0.0.1", 80, NI_NAMEREQD);
    name_of_text("127.0.0.1", 80, NI_NOFQDN);
    name_of_text("127.0.0.1", 80, NI_NUMERICHOST);
    name_of_text("127.0.0.1", 80, NI_NUMERICSERV);
    name_of_text("127.0.0.1", 514, NI_DGRAM);
    name_of_text("127.0.0.1", 514, 0);
    name_of_text("127.0.0.1", 4711, 0);
    name_of_text("127.0.0.1", 80, NI_NUMERICHOST | NI_NAMEREQD);
    name_of_text("127.0.0.1", 80, 0x40000000);
    name_of_text("2001:db8::1", 80, NI_NUMERICHOST);

    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(0x7f000001)};
    struct sockaddr_in6 local = {.sin6_family = AF_INET6, .sin6_scope_id = 1};
    inet_pton(AF_INET6, "fe80::1", &local.sin6_addr);
    const struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
    name_of("link-local", &local, sizeof local, NI_NUMERICHOST, NI_MAXHOST, NI_MAXSERV);
    name_of("local socket", &path, sizeof path, NI_NUMERICHOST, NI_MAXHOST, NI_MAXSERV);
    name_of("too short", &v4, 4, 0, NI_MAXHOST, NI_MAXSERV);
    name_of("no room for the host", &v4, sizeof v4, 0, 3, NI_MAXSERV);
    name_of("no room for the number", &v4, sizeof v4, NI_NUMERICHOST, 3, NI_MAXSERV);
    name_of("no room for the service", &v4, sizeof v4, NI_NUMERICHOST, NI_MAXHOST, 2);
    name_of("nothing wanted", &v4, sizeof v4, 0, 0, 0);
    v4.sin_family = 4711;
    name_of("unknown family", &v4, sizeof v4, 0, NI_MAXHOST, NI_MAXSERV);
}

static void ask_servers_for(const char* name) {
    static const int flags[] = {0,          AI_CANONNAME,        AI_V4MAPPED,
                                AI_ALL | AI_V4MAPPED, AI_ADDRCONFIG, AI_V4MAPPED | AI_ALL | AI_CANONNAME | AI_ADDRCONFIG};
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
    look_up(name, "http", NULL);
    for (size_t f = 0; f < sizeof families / sizeof *families; ++f)
        for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i)
            look_up_as(name, "80", flags[i], families[f], SOCK_STREAM, 0);
    find(name);
    find_as(name, AF_INET);
    find_as(name, AF_INET6);
    for (size_t size = 16; size <= 4096; size *= 16) find_r(name, size);
    name_of_text(name, 80, 0);
    name_of_text(name, 80, NI_NAMEREQD);
    name_of_text(name, 80, NI_NOFQDN);
    const int is_v6 = strchr(name, ':') != NULL;
    if (is_v6 || strspn(name, "0123456789.") == strlen(name)) {
        find_address(name, is_v6 ? AF_INET6 : AF_INET, is_v6 ? 16 : 4);
        for (size_t size = 16; size <= 4096; size *= 16)
            find_address_r(name, is_v6 ? AF_INET6 : AF_INET, is_v6 ? 16 : 4, size);
    }
}

void row(FILE* to) {
    out = to;
    const char* asked = getenv("ROW_NAMES");
    if (asked) {
        char *copy = strdup(asked), *rest = copy;
        for (char* name; (name = strsep(&rest, ","));) ask_servers_for(name);
        free(copy);
        return;
    }
    numbers();
    services();
    wrong_use();
    look_up("localhost", "80", NULL);
    look_up_as("localhost", "80", AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
    look_up_as("localhost", "80", AI_CANONNAME | AI_ADDRCONFIG, AF_INET, SOCK_STREAM, 0);
    look_up_as("localhost", NULL, AI_V4MAPPED | AI_ALL, AF_UNSPEC, SOCK_STREAM, 0);
    look_up_as("localhost", NULL, AI_IDN, AF_INET, SOCK_STREAM, 0);
    entries();
    names();
}
