# SPDX-License-Identifier: MIT
#
# Calls of the programs that a test answers itself; read by the Makefile.

# These tests put functions of their own in the place of those that move a clock or write a chip.
WRAP_kernel_clock := clock_adjtime adjtimex clock_settime adjtime syscall clock_gettime
WRAP_rtc          := ioctl clock_nanosleep clock_gettime open openat
# This one counts them.
WRAP_nts_session  := gnutls_prf_rfc5705
# What glibc's headers make of these names where TIME64 asks for wide times.
WIDE := clock_adjtime:__clock_adjtime64 adjtimex:___adjtimex64 clock_settime:__clock_settime64 \
        adjtime:__adjtime64 clock_gettime:__clock_gettime64 ioctl:__ioctl_time64 \
        clock_nanosleep:__clock_nanosleep_time64 open:open64 openat:openat64
wide = $(or $(and $(TIME64),$(patsubst $1:%,%,$(filter $1:%,$(WIDE)))),$1)
wrap = $(foreach w,$(WRAP_$1),-Wl,--wrap=$(call wide,$w))

ifneq ($(TIME64),)
$(B)/tests/unit/test_kernel_clock.o $(B)/tests/unit/test_rtc.o: override CPPFLAGS += \
	$(foreach w,$(WRAP_kernel_clock) $(WRAP_rtc),$(if $(filter $w:%,$(WIDE)),\
		-D__wrap_$w=__wrap_$(call wide,$w) -D__real_$w=__real_$(call wide,$w)))
endif
