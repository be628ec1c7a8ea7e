/* SPDX-License-Identifier: BSL-1.0 */
/* Threads that are there before main is, and block in whatever threads block in; main wakes them. */
#include "say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kinds = 7 };
static pthread_t threads[kinds];
static int pairs[3][2], event;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int go_on;
static sem_t semaphore;

static void* wait_as(void* kind) {
    char c = 0;
    switch ((long)kind) {
        case 0: return (void*)(long)recv(pairs[0][0], &c, 1, 0);
        case 1: return (void*)(long)read(pairs[1][0], &c, 1);
        case 2: {
            struct pollfd entry = {pairs[2][0], POLLIN, 0};
            return (void*)(long)poll(&entry, 1, -1);
        }
        case 3:
            pthread_mutex_lock(&lock);
            while (!go_on) pthread_cond_wait(&changed, &lock);
            pthread_mutex_unlock(&lock);
            return (void*)3;
        case 4: return (void*)(long)sem_wait(&semaphore);
        case 5: {
            const int set = epoll_create1(EPOLL_CLOEXEC);
            struct epoll_event wanted = {.events = EPOLLIN}, found;
            epoll_ctl(set, EPOLL_CTL_ADD, event, &wanted);
            const long count = epoll_wait(set, &found, 1, -1);
            close(set);
            return (void*)count;
        }
        default: {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += 20000000;
            if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, ++until.tv_sec;
            pthread_mutex_lock(&lock);
            int error = 0;
            while (error == 0 && !go_on) error = pthread_cond_timedwait(&changed, &lock, &until);
            pthread_mutex_unlock(&lock);
            return (void*)(long)(error == 0 || error == ETIMEDOUT);
        }
    }
}

__attribute__((constructor)) static void start(void) {
    for (int i = 0; i < 3; ++i) socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]);
    event = eventfd(0, 0);
    sem_init(&semaphore, 0, 0);
    for (long i = 0; i < kinds; ++i) pthread_create(&threads[i], NULL, wait_as, (void*)i);
}

int main(void) {
    sleep_ms(10);
    for (int i = 0; i < 3; ++i) said("write", write(pairs[i][1], "x", 1));
    const unsigned long long one = 1;
    said("write", write(event, &one, sizeof one));
    sleep_ms(30);
    sem_post(&semaphore);
    pthread_mutex_lock(&lock);
    go_on = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < kinds; ++i) {
        void* result;
        pthread_join(threads[i], &result);
        say("thread %d: %ld", i, (long)result);
    }
}
