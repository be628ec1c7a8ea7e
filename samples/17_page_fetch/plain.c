// SPDX-License-Identifier: BSL-1.0
// Several pages of a website, fetched one after the other: blocking, in C, by libcurl.
//
//     build/samples/17_page_fetch-plain [URL...]
//
// curl_easy_perform blocks until the page is there. Without URLs it asks a server of its own, another process, which
// takes 200 ms for each. You will see status, size and first line of each page, and that they took three times that.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fetch(CURL* session, const char* url) {
    char* text = NULL;
    size_t size = 0;
    FILE* into = open_memstream(&text, &size);
    curl_easy_setopt(session, CURLOPT_URL, url);
    curl_easy_setopt(session, CURLOPT_WRITEDATA, into);
    const CURLcode error = curl_easy_perform(session);
    long status = 0;
    curl_easy_getinfo(session, CURLINFO_RESPONSE_CODE, &status);
    if (fclose(into) != 0 || error) puts(curl_easy_strerror(error));
    else printf("%ld, %zu bytes: %.*s\n", status, size, (int)strcspn(text, "\n"), text);
    free(text);
}

static void answer(int client) {
    char request[4096] = "", path[64] = "";
    if (read(client, request, sizeof request - 1) > 0) sscanf(request, "GET %63s", path);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    if (strcmp(path, "/three") == 0) dprintf(client, "HTTP/1.0 404 Not Found\r\n\r\nno such page\n");
    else dprintf(client, "HTTP/1.0 200 OK\r\n\r\nthis is %s\n", path);
    close(client);
}

static int fetch_from_ourselves(CURL* session) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr*)&where, size) < 0 || listen(listener, 100) < 0) return perror("listen"), 1;
    getsockname(listener, (struct sockaddr*)&where, &size);
    const pid_t site = fork();
    if (site < 0) return perror("fork"), 1;
    if (site == 0) alarm(60);  // should nobody end it
    while (site == 0) answer(accept(listener, NULL, NULL));
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    curl_easy_setopt(session, CURLOPT_PORT, (long)ntohs(where.sin_port));
    fetch(session, "http://127.0.0.1/one");
    fetch(session, "http://127.0.0.1/two");
    fetch(session, "http://127.0.0.1/three");
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long took_ms = (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
    puts(took_ms < 550 ? "at the same time" : "one after the other");
    return kill(site, SIGTERM), waitpid(site, NULL, 0), 0;
}

int main(int count, char** words) {
    CURL* session = curl_easy_init();
    for (int i = 1; i < count; ++i) fetch(session, words[i]);
    const int status = count > 1 ? 0 : fetch_from_ourselves(session);
    curl_easy_cleanup(session);
    return status;
}
