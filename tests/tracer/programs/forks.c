// 500 processes, one after the other and side by side; then one by vfork that executes, then a thread that does.
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void *executes(void *name) {
    execl("/bin/sh", "sh", "-c", name, (char *)0);
    return 0;
}

int main(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    for (int at = 0; at < 500; at++) {
        pid_t child = fork();
        if (child == 0) {
            close(fd);
            _exit(at & 7);
        }
        int status;
        if (child < 0 || (at % 2 && (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != (at & 7))))
            return 1;
    }
    while (wait(0) > 0) {
    }
    if (vfork() == 0)
        execl("/bin/true", "true", (char *)0);
    int status;
    if (wait(&status) < 0 || status != 0)
        return 2;
    pthread_t thread;
    pthread_create(&thread, 0, executes, "exit 5");
    pause();
}
