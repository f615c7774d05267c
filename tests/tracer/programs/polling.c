// One process that is both ends, without blocking: poll and select say when it goes on.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

int main(void) {
    int listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 5);
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    // Nothing is ready yet.
    poll(&(struct pollfd){listener, POLLIN, 0}, 1, 0);
    fd_set ready;
    FD_ZERO(&ready);
    FD_SET(listener, &ready);
    select(listener + 1, &ready, 0, 0, &(struct timeval){0, 0});
    int client = socket(AF_INET6, SOCK_STREAM, 0);
    fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK);
    connect(client, (struct sockaddr *)&address, sizeof address);
    struct pollfd polled[] = {{listener, POLLIN, 0}, {client, POLLOUT, 0}};
    poll(polled, 2, 10000);
    int error;
    length = sizeof error;
    getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length);
    int server = accept4(listener, 0, 0, SOCK_CLOEXEC);
    int one = 1;
    ioctl(server, FIONBIO, &one);
    char text[8];
    recv(server, text, sizeof text, 0);
    send(client, "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
    FD_ZERO(&ready);
    FD_SET(server, &ready);
    select(server + 1, &ready, 0, 0, 0);
    recv(server, text, sizeof text, MSG_PEEK);
    recv(server, text, sizeof text, 0);
    close(client);
    struct pollfd last = {server, POLLIN | POLLRDHUP, 0};
    poll(&last, 1, -1);
    read(server, text, sizeof text);
    close(server);
    close(listener);
    return 0;
}
