/* A server that echoes. Wrong: its loop ends only with an error, and 0 is none, so that it sends back nothing for ever. */

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
    close(conn);
    _exit(0);
}

int main(int argc, char **argv)
{
    int wrong = argc > 1 && strcmp(argv[1], "wrong") == 0;
    int listener = listens();
    client(listener);
    /* Ends like a server that somebody ends. */
    alarm(2);
    int conn = accept(listener, NULL, NULL);
    for (;;) {
        char text[64];
        ssize_t length = recv(conn, text, sizeof text, 0);
        if (length < (wrong ? 0 : 1))
            break;
        send(conn, text, length, 0);
    }
    close(conn);
    pause();
}
