/* A server with a process for each client. Wrong: the parent keeps its descriptor of the connection. */

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in server = { .sin_family = AF_INET };

static int listens(void)
{
    server.sin_port = htons(8000);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(listener, (struct sockaddr *)&server, sizeof server);
    listen(listener, 8);
    return listener;
}

/* In a process of its own: says a word, waits for the answer, and closes. */
static void client(int listener)
{
    if (fork() > 0)
        return;
    close(listener);
    char text[64];
    int conn = socket(AF_INET, SOCK_STREAM, 0);
    connect(conn, (struct sockaddr *)&server, sizeof server);
    write(conn, "hello", 5);
    read(conn, text, sizeof text);
#ifdef RESETS
    setsockopt(conn, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
#endif
    close(conn);
    _exit(0);
}

int main(int argc, char **argv)
{
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    signal(SIGCHLD, SIG_IGN);
    int listener = listens();
    client(listener);
    /* Ends like a server that somebody ends. */
    alarm(3);
    for (;;) {
        int conn = accept(listener, NULL, NULL);
        if (fork() == 0) {
            char text[64];
            close(listener);
            ssize_t length = read(conn, text, sizeof text);
            write(conn, text, length);
            close(conn);
            _exit(0);
        }
        if (!wrong)
            close(conn);
    }
}
