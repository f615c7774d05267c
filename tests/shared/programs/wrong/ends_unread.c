/* A server that takes one call for one message. Wrong: it ends with the rest unread. Right: it reads to the end. A second process is
   the client. */

#include <arpa/inet.h>
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
        write(conn, "hello", 5);
        close(conn);
        _exit(0);
    }
    /* All of it has come. */
    int conn = accept(listener, NULL, NULL);
    char text[64];
    recv(conn, text, 5, MSG_PEEK | MSG_WAITALL);
    wait(NULL);
    read(conn, text, 4);
    while (!wrong && read(conn, text, sizeof text) > 0)
        ;
    return 0;
}
