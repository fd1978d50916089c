#include "mrr_pages.h"
