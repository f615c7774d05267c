/* A server that answers twice to a client which has closed. Wrong: SIGPIPE ends it. Right: it reads first, and finds out. */

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(8000) };
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&server, sizeof server) < 0 || listen(listener, 8) < 0)
        return 1;
    if (fork() == 0) {
        close(listener);
        int conn = socket(AF_INET, SOCK_STREAM, 0);
        connect(conn, (struct sockaddr *)&server, sizeof server);
        close(conn);
        _exit(0);
    }
    int conn = accept(listener, NULL, NULL);
    struct pollfd until = { .fd = conn, .events = POLLIN };
    poll(&until, 1, -1);
    wait(NULL);
    char text[64];
    if (!wrong && read(conn, text, sizeof text) == 0) {
        close(conn);
        return 0;
    }
    write(conn, "one", 3);
    /* The RST is there once the descriptor has an error. */
    until.events = 0;
    poll(&until, 1, -1);
    write(conn, "two", 3);
    return 0;
}
