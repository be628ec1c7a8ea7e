// SPDX-License-Identifier: BSL-1.0
// What ThreadSanitizer cannot see: libstdc++ counts references to an exception inside the shared library, which is
// not instrumented, so an exception that one thread looks at and another drops last seems to be a race. Whichever
// frame is left on top of the stack then is named here.
extern "C" const char* __tsan_default_suppressions() {
    return "race:std::__exception_ptr::exception_ptr::_M_release\n"
           "race:std::runtime_error::~runtime_error\n";
}
