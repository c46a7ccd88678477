/* A shared library, but no worker. */
extern int nothing_here;
int nothing_here = 1;
