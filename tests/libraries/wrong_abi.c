/* Built for a version of the interface that does not exist yet. */
#include <sluice/library.h>

SLUICE_LIBRARY_SYMBOL = { SLUICE_LIBRARY_ABI + 1, "wrong_abi", "1.0", NULL, 0 };
