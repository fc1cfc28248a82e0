#include "textflag.h"

#define PRCTL         167
#define SET_TIMERSLACK 29
#define GET_TIMERSLACK 30
#define LINUX_OWN      50000
#define WANTED         1000000

// igloo_start is where a program begins, with its arguments on the stack. One that is
// told to serve, and has the slack that Linux gives, gets what is wanted; then the
// runtime begins, whatever the system answered.
TEXT igloo_start(SB),NOSPLIT|NOFRAME,$0
	MOVD 0(RSP), R20 // argc
	ADD  $8, RSP, R21 // argv
	MOVD $0x76726573, R22 // "serv"

argument:
	SUBS $1, R20, R20
	BLE  runtime
	ADD  $8, R21
	MOVD (R21), R23
	MOVWU (R23), R24
	CMP  R22, R24
	BNE  argument
	MOVHU 4(R23), R24
	CMP  $0x65, R24 // "e", and the end
	BNE  argument

	MOVD $GET_TIMERSLACK, R0
	MOVD $PRCTL, R8
	SVC
	MOVD $LINUX_OWN, R22
	CMP  R22, R0
	BNE  runtime
	MOVD $SET_TIMERSLACK, R0
	MOVD $WANTED, R1
	MOVD $PRCTL, R8
	SVC

runtime:
	B _rt0_arm64_linux(SB)
