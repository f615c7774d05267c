// A server and its client, which it forks: each call blocks. The child inherits the listener, and closes what it doesn't use.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int listener) {
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int fd = accept(listener, (struct sockaddr *)&peer, &length);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    char text[64];
    recv(fd, text, sizeof text, MSG_WAITALL);
    struct iovec parts[] = {{"first, ", 7}, {"second", 6}};
    writev(fd, parts, 2);
    shutdown(fd, SHUT_WR);
    read(fd, text, sizeof text);
    close(fd);
}

static void ask(struct sockaddr_in *server) {
    int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    struct linger linger = {1, 5};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    connect(fd, (struct sockaddr *)server, sizeof *server);
    int copy = dup(fd);
    char text[64];
    memset(text, 'x', sizeof text);
    write(copy, text, sizeof text);
    close(copy);
    read(fd, text, 13);
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    getpeername(fd, (struct sockaddr *)&peer, &length);
    close(fd);
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 5);
    socklen_t length = sizeof address;
    getsockname(listener, (struct sockaddr *)&address, &length);
    // Its port is somebody's now.
    int second = socket(AF_INET, SOCK_STREAM, 0);
    bind(second, (struct sockaddr *)&address, sizeof address);
    close(second);
    if (fork() == 0) {
        close(listener);
        ask(&address);
        _exit(0);
    }
    serve(listener);
    close(listener);
    int status;
    wait(&status);
    return 7;
}
