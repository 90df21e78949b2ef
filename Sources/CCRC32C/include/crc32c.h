void crc32c_placeholder(void);
