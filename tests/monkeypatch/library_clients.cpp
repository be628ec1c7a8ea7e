// SPDX-License-Identifier: BSL-1.0
// Blocking C libraries as they come, under the patch: COUNT requests at once, each in a fiber of its own, on one thread.
//
//     library-clients curl URL COUNT            libcurl's easy interface
//     library-clients curl-multi URL COUNT      its multi interface instead, without fibers and patch
//     library-clients postgres CONNINFO COUNT   libpq: SELECT pg_sleep(0.2)
//     library-clients redis PORT COUNT          hiredis: BLPOP, each from a list of its own, all pushed after 0.2 s
//     library-clients tls PORT COUNT            OpenSSL's SSL_connect, SSL_write, SSL_read
//     library-clients curl-timeout URL 1        the same within a timeout of 0.3 s
//     library-clients native-KIND …             any of them with a native thread for each request, and no patch
//
// Run by libraries_test.py. Prints the seconds of one request alone and of all at once, how many succeeded, and the
// processor seconds of all at once.
#include <green/green.h>
#include <green/monkeypatch/patch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef HAVE_LIBPQ
#include <libpq-fe.h>
#endif
#ifdef HAVE_HIREDIS
#include <hiredis/hiredis.h>
#endif

namespace {

bool native = false;

std::size_t count_bytes(char*, std::size_t size, std::size_t count, void* total) {
    *static_cast<std::size_t*>(total) += size * count;
    return size * count;
}

constexpr std::size_t page_size_bytes = 100'000;

CURL* prepare_download(const std::string& url, std::size_t& total) {
    CURL* handle = curl_easy_init();
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &count_bytes);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &total);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    return handle;
}

bool download(const std::string& url) {
    std::size_t total = 0;
    CURL* handle = prepare_download(url, total);
    const CURLcode result = curl_easy_perform(handle);
    if (result != CURLE_OK) std::fprintf(stderr, "curl: %s\n", curl_easy_strerror(result));
    curl_easy_cleanup(handle);
    return result == CURLE_OK && total == page_size_bytes;
}

// Each on a connection of its own, as in fibers. Returns how many succeeded.
int download_by_multi(const std::string& url, int count) {
    CURLM* all = curl_multi_init();
    std::vector<std::size_t> totals(static_cast<std::size_t>(count), 0);
    for (std::size_t& total : totals) {
        CURL* handle = prepare_download(url, total);
        curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
        curl_multi_add_handle(all, handle);
    }
    int running = count;
    while (running > 0 && curl_multi_perform(all, &running) == CURLM_OK && running > 0)
        curl_multi_poll(all, nullptr, 0, 1000, nullptr);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(all, &left)) {
        CURL* handle = message->easy_handle;
        curl_multi_remove_handle(all, handle);
        curl_easy_cleanup(handle);
    }
    curl_multi_cleanup(all);
    return static_cast<int>(std::ranges::count(totals, page_size_bytes));
}

#ifdef HAVE_LIBPQ
// Connected, and asked once, before the clock runs, and closed after it: PostgreSQL starts a process for each, which
// reads its catalogue at the first question, on the same processors.
std::vector<PGconn*> connections;

void connect_to_postgres(const std::string& how, int count) {
    green::group connecting;
    for (int i = 0; i < count; ++i)
        connecting.spawn([&] {
            PGconn* const connection = PQconnectdb(how.c_str());
            PQclear(PQexec(connection, "SELECT pg_sleep(0), 42"));
            connections.push_back(connection);
        });
    connecting.join();
}

bool ask_postgres(const std::string&) {
    static std::atomic<std::size_t> next = 0;
    PGconn* const connection = connections[next++];
    PGresult* result = PQexec(connection, "SELECT pg_sleep(0.2), 42");
    const bool good = PQresultStatus(result) == PGRES_TUPLES_OK && std::strcmp(PQgetvalue(result, 0, 1), "42") == 0;
    if (!good) std::fprintf(stderr, "libpq: %s\n", PQerrorMessage(connection));
    PQclear(result);
    return good;
}
#endif

#ifdef HAVE_HIREDIS
bool pop_from_redis(const std::string& port) {
    static std::atomic<int> number = 0;
    const std::string list = "list-" + std::to_string(number++);
    auto push = [&] {
        ::usleep(200'000);
        redisContext* c = redisConnect("127.0.0.1", std::atoi(port.c_str()));
        freeReplyObject(redisCommand(c, "RPUSH %s value", list.c_str()));
        redisFree(c);
    };
    std::thread native_pusher;
    green::fiber<void> pusher;
    if (native)
        native_pusher = std::thread(push);
    else
        pusher = green::spawn(push);
    redisContext* c = redisConnect("127.0.0.1", std::atoi(port.c_str()));
    auto* reply = static_cast<redisReply*>(redisCommand(c, "BLPOP %s 0", list.c_str()));
    const bool good = reply && reply->type == REDIS_REPLY_ARRAY && std::strcmp(reply->element[1]->str, "value") == 0;
    if (!good) std::fprintf(stderr, "hiredis: %s\n", c->errstr);
    if (reply) freeReplyObject(reply);
    redisFree(c);
    if (native)
        native_pusher.join();
    else
        pusher.join();
    return good;
}
#endif

bool echo_by_tls(const std::string& port) {
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    bool good = ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    SSL* session = SSL_new(context);
    SSL_set_fd(session, fd);
    char answer[16] = "";
    good = good && SSL_connect(session) == 1 && SSL_write(session, "hello", 5) == 5 &&
           SSL_read(session, answer, sizeof answer) == 5 && std::strcmp(answer, "hello") == 0;
    SSL_shutdown(session);
    SSL_free(session);
    ::close(fd);
    return good;
}

void on_fibers(int count, const std::function<void()>& what) {
    green::group requests;
    for (int i = 0; i < count; ++i) requests.spawn(what);
    requests.join();
}

void on_threads(int count, const std::function<void()>& what) {
    std::vector<std::jthread> requests;
    for (int i = 0; i < count; ++i) requests.emplace_back(what);
}

double seconds_of(const std::function<void()>& what) {
    const auto begin = std::chrono::steady_clock::now();
    what();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double processor_seconds_of(const std::function<void()>& what) {
    const std::clock_t begin = std::clock();
    what();
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    std::string kind = words[1];
    const std::string where = words[2];
    native = kind.starts_with("native-");
    if (native) kind.erase(0, std::strlen("native-"));
    const int many = std::atoi(words[3]);
    curl_global_init(CURL_GLOBAL_ALL);
    if (kind == "curl-multi") {
        int good = 0;
        double all = 0;
        const double one = seconds_of([&] { download_by_multi(where, 1); });
        const double cpu = processor_seconds_of([&] { all = seconds_of([&] { good = download_by_multi(where, many); }); });
        std::printf("%.3f %.3f %d %.4f\n", one, all, good, cpu);
        return 0;
    }
    if (!native) green::monkeypatch::patch_all();
    if (kind == "curl-timeout") {
        bool in_time = true;
        const double took = seconds_of([&] {
            in_time = green::with_timeout(std::chrono::milliseconds(300), [&] {
                download(where);
                green::yield();
            });
        });
        std::printf("%s %.3f\n", in_time ? "in time" : "timed out", took);
        return 0;
    }
    const std::map<std::string, bool (*)(const std::string&)> kinds = {
        {"curl", &download},
        {"tls", &echo_by_tls},
#ifdef HAVE_LIBPQ
        {"postgres", &ask_postgres},
#endif
#ifdef HAVE_HIREDIS
        {"redis", &pop_from_redis},
#endif
    };
    const auto found = kinds.find(kind);
    if (found == kinds.end()) return 77;
#ifdef HAVE_LIBPQ
    if (kind == "postgres") connect_to_postgres(where, many + 1);
#endif
    std::atomic<int> good = 0;
    auto ask = [&] { good += found->second(where); };
    const double one = seconds_of([&] { native ? on_threads(1, ask) : on_fibers(1, ask); });
    good = 0;
    double all = 0;
    const double cpu = processor_seconds_of([&] {
        all = seconds_of([&] { native ? on_threads(many, ask) : on_fibers(many, ask); });
    });
    std::printf("%.3f %.3f %d %.4f\n", one, all, good.load(), cpu);
#ifdef HAVE_LIBPQ
    for (PGconn* connection : connections) PQfinish(connection);
#endif
}
