#ifndef TESTSUPPORT_H
#define TESTSUPPORT_H

/// How many cases of tests run at a time for each processor, unless the environment says otherwise.
enum { test_support_cases_each = 4 };

#endif
