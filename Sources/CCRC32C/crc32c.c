#include "crc32c.h"
void crc32c_placeholder(void) {}
