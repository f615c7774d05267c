// 64 threads, each with ten connections, of which nobody takes any.
#include <arpa/inet.h>
#include <pthread.h>
#include <unistd.h>

static struct sockaddr_in address;

static void *connects(void *nothing) {
    for (int at = 0; at < 10; at++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        connect(fd, (struct sockaddr *)&address, sizeof address);
        send(fd, "x", 1, MSG_NOSIGNAL);
        close(fd);
    }
    return nothing;
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 1000);
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    pthread_t threads[64];
    for (int at = 0; at < 64; at++)
        pthread_create(threads + at, 0, connects, 0);
    for (int at = 0; at < 64; at++)
        pthread_join(threads[at], 0);
    return 0;
}
