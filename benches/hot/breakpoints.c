/* Which functions of a program run: loaded into it (LD_PRELOAD), this sets a breakpoint at the start of each, which is taken
 * away where it is hit. In SOCKWALK_HOT are the program's path, a file with the functions' addresses as numbers, and the file that
 * has a byte for each byte of code in the end: 1 where a breakpoint was hit. For x86-64. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static unsigned char *code, *before, *hits;
static unsigned long length;
static unsigned long first; /* Where the code begins, as the addresses count. */

static int find(struct dl_phdr_info *found, size_t size, void *unused) {
    (void)size, (void)unused;
    for (int at = 0; at < found->dlpi_phnum; at++) {
        const ElfW(Phdr) *part = &found->dlpi_phdr[at];
        if (part->p_type == PT_LOAD && part->p_flags & PF_X) {
            first = part->p_vaddr;
            code = (unsigned char *)found->dlpi_addr + first;
            length = part->p_memsz;
        }
    }
    return 1; /* The program itself is the first one (dl_iterate_phdr(3)). */
}

static void hit(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    greg_t *next = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
    unsigned long at = (unsigned long)*next - 1 - (unsigned long)code;
    if (at >= length)
        abort();
    /* Another thread may have been here at the same time: both do the same. */
    ((volatile unsigned char *)code)[at] = before[at];
    hits[at] = 1;
    *next -= 1;
}

/* Nobody blocks what a breakpoint is told by. */
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    int (*real)(int, const sigset_t *, sigset_t *) = (int (*)(int, const sigset_t *, sigset_t *))dlsym(RTLD_NEXT, "pthread_sigmask");
    sigset_t without;
    if (set && how != SIG_UNBLOCK) {
        without = *set;
        sigdelset(&without, SIGTRAP);
        set = &without;
    }
    return real(how, set, old);
}

__attribute__((constructor)) static void begin(void) {
    char program[4096], list[4096], out[4096], own[4096];
    const char *asked = getenv("SOCKWALK_HOT");
    ssize_t end = readlink("/proc/self/exe", own, sizeof own - 1);
    if (!asked || end < 0 || sscanf(asked, "%4095s %4095s %4095s", program, list, out) != 3)
        return;
    own[end] = 0;
    FILE *addresses = fopen(list, "r");
    if (strcmp(own, program) || !addresses)
        return;
    dl_iterate_phdr(find, NULL);
    before = malloc(length);
    memcpy(before, code, length);
    int file = open(out, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, length))
        abort();
    hits = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    unsigned long page = sysconf(_SC_PAGESIZE), from = (unsigned long)code & ~(page - 1);
    if (hits == MAP_FAILED || mprotect((void *)from, (unsigned long)code + length - from, PROT_READ | PROT_WRITE | PROT_EXEC))
        abort();
    struct sigaction action = {.sa_sigaction = hit, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaction(SIGTRAP, &action, NULL);
    unsigned long address;
    while (fscanf(addresses, "%lx", &address) == 1)
        if (address >= first && address - first < length)
            code[address - first] = 0xcc;
    fclose(addresses);
}
