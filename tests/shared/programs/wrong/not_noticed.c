/* A server that reads one message of each client, and goes on to the next. Wrong: it leaves the connection to itself, and is never
   told that it has ended. A second process is the client. */

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
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
        write(conn, "hello", 5);
        close(conn);
        _exit(0);
    }
    /* Ends like a server that somebody ends. */
    alarm(3);
    for (;;) {
        char text[64];
        int conn = accept(listener, NULL, NULL);
        read(conn, text, sizeof text);
        if (!wrong)
            close(conn);
    }
}
