/* plain_scan.c - sl_scan as built without SSE2, for comparison */
#undef __SSE2__
#define sl_scan sl_scan_plainly
#include "json/scan.c"
