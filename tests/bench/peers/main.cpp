// SPDX-License-Identifier: BSL-1.0
#include "peer.h"

int main(int count, char** words) {
    return peer::run(count, words);
}
