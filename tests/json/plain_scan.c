/* plain_scan.c - sl_scan as it is built where there is no SSE2, to compare */
#undef __SSE2__
#define sl_scan sl_scan_plainly
#include "json/scan.c"
