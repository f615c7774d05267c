/* The same server, whose client ends the connection with a RST. */

#define RESETS
#include "forks.c"
