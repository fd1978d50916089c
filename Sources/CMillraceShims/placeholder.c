#include "mrshim.h"
