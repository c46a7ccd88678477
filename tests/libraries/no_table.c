/* A shared library that is not a worker. */
extern int nothing_here;
int nothing_here = 1;
